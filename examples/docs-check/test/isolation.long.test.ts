/** Tests how docs-check isolates its plugins, as far as this machine can isolate them. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { isolated, IsolateError } from '@pipework/isolate';
import { docsCheck } from './support/program.ts';
import { makeTree } from './support/tree.ts';

/**
 * True under `reliability/sealed.mjs`, which kills a process that asks for a socket. The plugin of these
 * tests asks for a socket.
 */
const isSealed = process.env['PIPEWORK_SEALED'] === '1';

/** Returns why this machine cannot isolate a plugin, or undefined if it can. */
function obstacle(options: { bwrap?: false } = {}): string | undefined {
  try {
    isolated({ require: 'runtime', ...options }).describe([process.execPath]);
    return undefined;
  } catch (error) {
    if (error instanceof IsolateError) return error.message;
    throw error;
  }
}

/** A plugin that tries to escape at each page, and reports how each attempt ended. */
const curious = (secret: string): string => `#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { serve } from '@pipework/core/plugin';

const attempts = {
  read: () => readFileSync(${JSON.stringify(secret)}),
  run: () => {
    const { error } = spawnSync(process.execPath, ['--version']);
    if (error) throw error;
  },
  connect: () => new Promise((resolve, reject) => connect(9, '127.0.0.1').on('connect', resolve).on('error', reject)),
};
const checker = {
  about: async () => ({ title: 'curiosity' }),
  async *check() {
    for (const [name, attempt] of Object.entries(attempts)) {
      let message = name + ' works';
      try {
        await attempt();
      } catch (error) {
        message = name + ' fails: ' + error.code;
      }
      yield { type: 'finding', severity: 'warning', rule: name, message, line: 1, column: 1 };
    }
  },
};
await serve({ plugins: { checker: () => checker } });
`;

/** Runs docs-check with the curious plugin beside its own plugins, and returns the output. */
async function run(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'docs-check-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'secret');
  // The folder is inside the package, because the plugin imports @pipework/core as a user's plugin would.
  const within = fileURLToPath(new URL('../dist', import.meta.url));
  const plugins = await makeTree({}, { 'docs-check-curious.mjs': curious(secret) }, within);
  const root = await makeTree({ 'README.md': '# A\n' });
  const { stdout, stderr } = await docsCheck(root, '.', '--plugins', plugins);
  return stderr + stdout;
}

const why = isSealed
  ? 'unsealed'
  : obstacle() === undefined
    ? undefined
    : 'bwrap, or a model that holds the net';
const skipped = why === undefined ? '' : ` (SKIPPED: needs ${why})`;

test.skipIf(why !== undefined)(`says how plugins are isolated, and isolates them${skipped}`, async () => {
  const printed = await run();
  expect(printed).toMatch(
    /^plugins are isolated by (bubblewrap|node): no network, no processes, no files but their own code$/m,
  );
  for (const name of ['read', 'run', 'connect']) expect(printed).toContain(`${name} fails: E`);
  expect(printed).not.toContain('works');
});

test.skipIf(isSealed || obstacle({ bwrap: false }) === undefined)(
  'says why plugins are not isolated, and continues',
  async () => {
    const path = mkdtempSync(join(tmpdir(), 'docs-check-path-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    symlinkSync(process.execPath, join(path, 'node'));
    symlinkSync('/usr/bin/env', join(path, 'env'));
    vi.stubEnv('PATH', path);
    onTestFinished(() => void vi.unstubAllEnvs());
    const printed = await run();
    expect(printed).toMatch(/^plugins are not isolated: .*bubblewrap \(bwrap\) is not on the host's PATH/m);
    expect(printed).toContain('read works');
  },
);
