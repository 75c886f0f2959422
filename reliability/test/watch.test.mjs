// Tests of the watch that ends a program whose event loop stands still.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const program = fileURLToPath(new URL('../fixtures/watched.mjs', import.meta.url));

/** Runs a program that is watched. Resolves when it has ended. */
async function watched(action) {
  const child = spawn(process.execPath, [program, '400', action]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  await once(child.stdout, 'data');
  child.stdin.write('go');
  const [code, signal] = await once(child, 'close');
  return { code, signal, errors };
}

test('a program that computes without end is ended, and the message names its seed', async () => {
  const { signal, errors } = await watched('compute');
  expect(signal).toBe('SIGKILL');
  expect(errors).toMatch(/^HUNG: .*the seed was 7\n$/);
});

test('a program whose event loop stands still without using processor time is not ended', async () => {
  expect(await watched('sleep')).toMatchObject({ code: 3, errors: '' });
});
