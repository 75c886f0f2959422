import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

test('a job outlives the process that queued it, runs in a plugin, and is tried again if the plugin dies', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-queue-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const run = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(process.execPath, [main, ...args])).stdout;
  expect(await run('add', folder, 'one two three', 'poison', 'four')).toBe('queued 3\n');
  const lines = (await run('work', folder)).trim().split('\n');
  // The job `poison` does not affect the other jobs, and is given up after its second try.
  expect(lines.toSorted()).toEqual([
    'four: 1',
    'one two three: 3',
    'poison: RPC_CLOSED',
    'poison: RPC_CLOSED',
  ]);
});
