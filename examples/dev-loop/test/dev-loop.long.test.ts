import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { devPlugin } from '../src/dev-plugin.ts';

const example = fileURLToPath(new URL('..', import.meta.url));
let folder = '';

/**
 * Copies the sources into a folder inside of the example, so that imports in the copy find the same packages.
 */
beforeEach(() => {
  folder = mkdtempSync(join(example, '.copy-'));
  for (const name of ['plugin.ts', 'contract.ts']) cpSync(join(example, 'src', name), join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Saves a version of the plugin. */
function save(change: (source: string) => string): void {
  const original = readFileSync(join(example, 'src/plugin.ts'), 'utf8');
  writeFileSync(join(folder, 'plugin.ts'), change(original));
}

test('after a save, the next call runs the new code, and no call fails during the reload', async () => {
  await using supervisor = devPlugin(folder);
  const greeter = await supervisor.dispense('greeter');
  const reloaded = new Promise<void>((resolve) => {
    supervisor.on('state', ({ state, generation }) => {
      if (state === 'ready' && generation > 1) resolve();
    });
  });
  let isOver = false;
  const calls = (async () => {
    while (!isOver) await greeter.greet('world');
  })();
  // An editor may write a file several times for one save. The supervisor reloads once.
  for (let n = 0; n < 3; n += 1) save((source) => source.replace("'Hello'", "'Good morning'"));
  await reloaded;
  expect(await greeter.greet('world')).toBe('Good morning, world!');
  isOver = true;
  await calls;
  expect(supervisor.generation).toBe(2);
});

test('the supervisor reports a broken version once, and the old version continues', async () => {
  await using supervisor = devPlugin(folder);
  const greeter = await supervisor.dispense('greeter');
  const errors: Error[] = [];
  const told = new Promise<void>((resolve) => {
    supervisor.on('state', ({ error }) => {
      if (error !== undefined) errors.push(error);
      if (error !== undefined) resolve();
    });
  });
  save((source) => `${source}\nthrow new Error('this version is broken');\nthis is no TypeScript`);
  await told;
  expect(await greeter.greet('world')).toBe('Hello, world!');
  const mended = new Promise<void>((resolve) => {
    supervisor.on('state', ({ state, generation }) => {
      if (state === 'ready' && generation > 1) resolve();
    });
  });
  save((source) => source.replace("'Hello'", "'Good evening'"));
  await mended;
  expect(await greeter.greet('world')).toBe('Good evening, world!');
  expect(errors.map((error) => (error as Error & { code: string }).code)).toEqual(['HANDSHAKE_EXITED']);
});
