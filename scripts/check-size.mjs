// check-size.mjs: fails if an entry loads more bytes of JavaScript than its budget. The bytes of an entry are
// its file and every file of the same package that it imports statically. A process that loads the entry has
// to read all of these files.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The budgets in bytes, by package and entry. If an entry must grow, enter a larger number in
 * size-budgets.json, and give the reason in the commit.
 */
const budgets = JSON.parse(readFileSync(new URL('size-budgets.json', import.meta.url), 'utf8'));

/**
 * The maximum number of bytes by which a budget may exceed an entry's size. The check does not notice growth
 * within this gap.
 */
const slackBytes = 4096;

const imported = /^\s*(?:import|export)\s(?:[^'"();]*\sfrom\s*)?["'](\.{1,2}\/[^"']+)["']/gm;

function loadedBytes(file, seen = new Set()) {
  if (seen.has(file)) return 0;
  seen.add(file);
  const code = readFileSync(file);
  let bytes = code.length;
  for (const [, specifier] of code.toString().matchAll(imported))
    bytes += loadedBytes(join(dirname(file), specifier), seen);
  return bytes;
}

let failed = 0;
for (const name of readdirSync('packages')) {
  const folder = join('packages', name);
  const { exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const [subpath, entry] of Object.entries(exports)) {
    if (!entry.default?.endsWith('.js')) continue;
    const key = `@pipework/${name}${subpath.slice(1)}`;
    const bytes = loadedBytes(join(folder, entry.default));
    const budget = budgets[key];
    const row = `${key}: ${bytes} bytes, budget ${budget ?? 'none'}`;
    if (budget === undefined || bytes > budget) {
      failed++;
      console.error(`${row}: make it smaller, or raise the number in scripts/size-budgets.json and say why`);
    } else if (budget - bytes > slackBytes) {
      failed++;
      console.error(`${row}: lower the budget to ${Math.ceil(bytes / 1024) * 1024 + 1024} at most`);
    } else console.log(row);
  }
}
if (failed > 0) process.exitCode = 1;
