/**
 * Tests of rules that only Windows has. `reliability/windows.mjs` runs this file and its neighbours under
 * Wine.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { discover } from '../../src/index.ts';
import { host } from '../support/hosts.ts';
import { failure, fixture, isAlive, needsWindows, plugin, until } from '../support/life.ts';

let root = '';
/** Returns the text of a batch file that runs the fixture `name`. */
const batch = (name: string): string => `@"${process.execPath}" "${fixture(name)}" %*\r\n`;
const put = async (path: string, content: string): Promise<string> => {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), content);
  return join(root, path);
};
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'pipework-windows-')));
});
afterAll(() => rm(root, { recursive: true }));

describe.skipIf(needsWindows)(`on Windows${needsWindows}`, () => {
  test('a batch file is found and run by its name without the extension', async () => {
    const shim = await put('shim.cmd', batch('greets'));
    const client = plugin('greets', { cmd: [shim.replace(/\.cmd$/, '')] });
    const greeter = await (await client.client()).dispense('greeter');
    expect(await greeter.greet('you')).toBe('Hello, you!');
    expect(await discover('shim.*', root)).toEqual([shim]);
  });

  test('a checksum is compared with the file that runs, even if another file has the same name', async () => {
    const right = await put('right/p.cmd', batch('greets'));
    const wrong = await put('wrong/p.cmd', '@exit 7\r\n');
    const value = createHash('sha256')
      .update(await readFile(right))
      .digest('hex');
    const checksum = { algorithm: 'sha256', value } as const;
    const env = { set: { PATH: `${join(wrong, '..')};${process.env['PATH']}` } };
    const file = `.\\${relative(root, right)}`;
    const client = plugin('greets', { cmd: { file, cwd: root }, env, checksum });
    await client.client();
    const other = plugin('greets', { cmd: { file: 'p', cwd: root }, env, checksum });
    expect((await failure(other.start())).code).toBe('PLUGIN_CHECKSUM');
  });

  test('the plugins of a host that dies end immediately, and clean up nothing', async () => {
    const notes = join(root, 'notes');
    const it = await host('occupying', 'cleans-up', { args: [notes] });
    await it.next();
    it.process.kill('SIGKILL');
    await until(() => !isAlive(it.plugin));
    expect(await readFile(notes, 'utf8')).not.toMatch(/cleaned up|shut down/);
  });

  test('a plugin that a batch file runs sees the end of its pipe when its host dies, and cleans up', async () => {
    const notes = join(root, 'notes-of-batch');
    const it = await host('occupying', await put('cleans-up.cmd', batch('cleans-up')), { args: [notes] });
    await it.next();
    it.process.kill('SIGKILL');
    await until(() => /shut down/.test(readFileSync(notes, 'utf8')));
  });
});
