// Tests that lib/watch.mjs ends a program if the event loop of the program stands still.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const program = fileURLToPath(new URL('../fixtures/watched.mjs', import.meta.url));

/** Runs fixtures/watched.mjs. Resolves when it has ended. */
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

test('the watchdog ends a program that computes without end, and names the seed', async () => {
  const { signal, errors } = await watched('compute');
  expect(signal).toBe('SIGKILL');
  expect(errors).toMatch(/^HUNG: .*the seed was 7\n$/);
});

test('the watchdog does not end a program whose event loop stands still but uses no processor time', async () => {
  expect(await watched('sleep')).toMatchObject({ code: 3, errors: '' });
});
