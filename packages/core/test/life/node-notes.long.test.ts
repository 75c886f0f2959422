import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client, type StartError } from '../../src/index.ts';
import { failure, fixture, noShell, plugin } from '../support/life.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipework-notes-'));
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rm(directory, { recursive: true }));

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

async function notesOf(...args: string[]): Promise<string> {
  const client = new Client({ cmd: [process.execPath, ...args], stdin: 'ignore' });
  return (await failure<StartError>(client.start())).notes.join('\n');
}

describe('the notes on a Node program that did not start', () => {
  test('name the NODE_OPTIONS that the program inherited', async () => {
    const env = { set: { NODE_OPTIONS: '--no-warnings' } };
    const { notes } = await failure<StartError>(plugin('exits-before-handshake', { env }).start());
    expect(notes.join()).toContain('NODE_OPTIONS="--no-warnings"');
    expect(await notesOf(fixture('exits-before-handshake'))).not.toContain('NODE_OPTIONS');
  });

  test.each([
    ["require('node:fs').writeFileSync('/tmp/x', '')", `--allow-fs-write=${resolve('/tmp/x')}`],
    ["require('node:child_process').spawn('true')", '--allow-child-process'],
    ["new (require('node:worker_threads').Worker)('0', { eval: true })", '--allow-worker'],
  ])('name the flag of the permission model without which this fails: %s', async (script, flag) => {
    const notes = await notesOf(permission, '--allow-fs-read=*', '-e', script);
    expect(notes).toBe(`the plugin runs under Node's permission model (${permission}) without ${flag}`);
  });

  test('say what this Node does with a TypeScript file', async () => {
    const file = join(directory, 'plugin.ts');
    // No version of Node strips this syntax, and versions before 22.18 do not know the file type.
    await writeFile(file, 'enum Colour { Red }\nconsole.log(Colour.Red);\n');
    const isStripping = 'typescript' in process.features;
    expect(await notesOf(file)).toMatch(
      isStripping
        ? /plugin\.ts: Node strips types and compiles nothing/
        : /plugin\.ts: this Node runs no TypeScript/,
    );
  });
});

describe('the notes on a program that Node cannot run unchanged', () => {
  test('say that Node runs neither .tsx nor .jsx files', async () => {
    for (const name of ['plugin.tsx', 'plugin.jsx']) {
      await writeFile(join(directory, name), 'console.log(<a />);\n');
      expect(await notesOf(join(directory, name))).toContain(`${name}: Node runs neither .tsx nor .jsx`);
    }
  });

  test.skipIf(noShell)(`say how Node handles a TypeScript file with a #! line${noShell}`, async () => {
    const file = join(directory, 'direct.ts');
    await writeFile(file, `#!${process.execPath}\nenum Colour { Red }\n`, { mode: 0o755 });
    const { notes } = await failure<StartError>(new Client({ cmd: [file], stdin: 'ignore' }).start());
    expect(notes.join()).toMatch(/direct\.ts: (this Node runs no TypeScript|Node strips types)/);
  });
});

describe('the notes on a host that may not start processes', () => {
  test('name the flag that the host’s permission model requires', async () => {
    const host = [permission, '--allow-fs-read=*', fixture('tells-its-start')];
    const { stdout } = await promisify(execFile)(process.execPath, [...host, process.execPath]);
    const { code, notes } = JSON.parse(stdout) as { code: string; notes: string[] };
    expect(code).toBe('PLUGIN_NOT_STARTED');
    expect(notes).toEqual([
      `this host runs under Node's permission model (${permission}) without --allow-child-process`,
    ]);
  });
});
