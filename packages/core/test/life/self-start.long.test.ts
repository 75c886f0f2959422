import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StartError } from '../../src/index.ts';
import { failure, fixture, plugin } from '../support/life.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipework-self-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('an application that starts itself', () => {
  test('fails, because its first copy refuses to start another copy and says why', async () => {
    const log = join(directory, 'same');
    const error = await failure<StartError>(plugin('starts-itself', {}, log).start());
    expect(error.code).toBe('HANDSHAKE_EXITED');
    expect(error.stderrTail).toContain('this process was started by the same command, as a plugin');
    expect(error.stderrTail).toContain('process.execPath is the application itself');
    expect(await countOf(log)).toBe(1);
  });

  test('has the reason in its error even if the copy handles its own error and prints nothing', async () => {
    const error = await failure<StartError>(
      plugin('starts-itself', {}, join(directory, 'quiet'), 'quiet').start(),
    );
    expect(error.code).toBe('HANDSHAKE_EXITED');
    expect(error.message).toContain(
      'pipework: the plugin could not be started: this process was started by the same command',
    );
  });

  test('fails at the third level if each copy gets different arguments', async () => {
    const log = join(directory, 'changing');
    const error = await failure<StartError>(plugin('starts-itself', {}, log, 'changing').start());
    expect(error.stderrTail).toContain('this process is a plugin that was started by a plugin, 3 deep');
    expect(await countOf(log)).toBe(3);
  });
});

describe('a plugin that is a host', () => {
  test('may start another plugin before it serves, and copies of itself while it serves', async () => {
    const client = plugin('starts-another-first', {}, fixture('greets'));
    const greeter = await (await client.client()).dispense('greeter');
    expect(await greeter.greet('x')).toBe('Hello, x!');
    expect(await greeter.greet('again')).toBe('Hello, a copy!');
  });
});

async function countOf(log: string): Promise<number> {
  return (await readFile(log, 'utf8')).trim().split('\n').length;
}
