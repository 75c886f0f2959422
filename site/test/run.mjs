// run.mjs [--sample] [PART]: tests the built site in a real Chromium. With PART, it visits only the pages
// whose path contains PART. With --sample, it visits one page of each kind. Without a Chromium, it skips the
// tests in the browser and says so.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { base } from '../address.mjs';
import { findChromium, startChromium } from './browser.mjs';
import { useKeyboard } from './keyboard.mjs';
import { builtPages, checkLinks } from './links.mjs';
import { search, searches } from './searches.mjs';
import { serveFolder } from './serve.mjs';
import { visit } from './visits.mjs';

const folder = fileURLToPath(new URL('../dist/site', import.meta.url));
if (!existsSync(folder)) throw new Error('the site is not built: run pnpm docs:build');

let failed = 0;
async function check(name, run) {
  const started = performance.now();
  const faults = await run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${faults.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  for (const fault of faults.slice(0, 40)) console.log(`       ${fault}`);
  if (faults.length > 40) console.log(`       and ${faults.length - 40} more`);
  failed += faults.length;
}

/**
 * Returns one page of each kind. One page is enough, because colours and widths depend more on the theme and
 * the highlighter than on a page's text.
 */
function sampleOf(pages) {
  const kindOf = (page) =>
    page.startsWith('reference/') ? page.split('/').at(-2) : page.split('/').slice(0, -1).join();
  const firstOfKind = new Map(pages.toReversed().map((page) => [kindOf(page), page]));
  return new Set([...firstOfKind.values(), 'index.html', 'first-plugin.html', 'errors.html', 'fleet.html']);
}

const { values, positionals } = parseArgs({
  options: { sample: { type: 'boolean' } },
  allowPositionals: true,
});
const all = builtPages(folder).filter((page) => page.includes(positionals[0] ?? ''));
const sample = sampleOf(all);
const pages = values.sample === true ? all.filter((page) => sample.has(page)) : all;
await check('links and anchors of all pages', async () => checkLinks(folder, base));

const executable = findChromium();
if (executable === undefined) {
  console.log(
    'skipped the browser: there is no Chromium on the PATH (scripts/install-tools.sh --browser installs it)',
  );
} else {
  const server = await serveFolder(folder, base);
  const browser = await startChromium(executable);
  const address = `${server.address}${base}`;
  try {
    // More tabs than processors would make all tabs slower.
    await Promise.all([
      check(
        `${pages.length} pages at two widths, ${pages.filter((page) => sample.has(page)).length} of them in two themes`,
        () =>
          visit(browser, address, pages, {
            tabs: availableParallelism(),
            hasContrastChecked: (page) => sample.has(page),
          }),
      ),
      check(`${searches.length} searches`, () => search(browser, address)),
      check('the keyboard', () => useKeyboard(browser, address)),
    ]);
  } finally {
    await browser.close();
    await server.close();
  }
}
console.log(failed === 0 ? 'the site is well' : `${failed} faults`);
process.exitCode = failed === 0 ? 0 : 1;
