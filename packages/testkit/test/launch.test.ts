import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { faults, launch } from '@pipework/testkit';
import { greets, type Served } from './support/greeter.ts';

test('launch() runs the real process and records its output and its session', async () => {
  await using client = launch<Served>({ cmd: greets });
  const greeter = await (await client.client()).dispense('greeter');
  expect(await greeter.greet('world')).toBe('Hello, world!');
  await expect(greeter.fail()).rejects.toThrow('as asked');
  expect(client.stdout).toBe('greeting world\n');
  expect(client.stderr).toBe('about to fail\n');
  expect(client.transcript()).toMatch(
    /handshake 1\|pipe\|3,4[^]*Plugin\.greet\('world'\)[^]*'Hello, world!'/,
  );
});

test('launch() ends the process when the test in the option `test` ends', async () => {
  const finish: (() => void | Promise<void>)[] = [];
  const client = launch<Served>({
    cmd: greets,
    test: { onTestFinished: (clean) => void finish.push(clean), onTestFailed: () => undefined },
  });
  const { pid } = await client.start();
  expect(() => process.kill(pid ?? 0, 0)).not.toThrow();
  for (const clean of finish) await clean();
  expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
});

test('launch() can put faults between the host and the real process', async () => {
  await using client = launch<Served>({
    cmd: greets,
    faults: { toHost: [faults.chunks({ seed: 1, max: 3 })], toPlugin: [faults.everyByte()] },
  });
  const greeter = await (await client.client()).dispense('greeter');
  expect(await greeter.greet('slices')).toBe('Hello, slices!');
  const cut = launch<Served>({ cmd: greets, faults: { toHost: [faults.cut({ after: 10 })] } });
  await expect(cut.client()).rejects.toMatchObject({ code: expect.stringMatching(/^HANDSHAKE_/) as string });
  await cut.kill();
});

test('launch() drops a failing sink of the config, like a client without the testkit', async () => {
  const warnings: string[] = [];
  const logger = {
    trace() {},
    debug() {},
    info() {},
    error() {},
    warn: (text: unknown) => warnings.push(String(text)),
  };
  const syncStdout = new Writable({
    write: (_chunk, _encoding, callback) => {
      callback(new Error('no space left'));
    },
  });
  await using client = launch<Served>({ cmd: greets, syncStdout, logger });
  const greeter = await (await client.client()).dispense('greeter');
  expect(await greeter.greet('world')).toBe('Hello, world!');
  expect(await greeter.greet('again')).toBe('Hello, again!');
  await client.kill();
  expect(client.stdout).toBe('greeting world\n');
  expect(warnings).toEqual([expect.stringContaining('no space left')]);
});

test('launch() gives the sinks of the config the same bytes as a client without the testkit would', async () => {
  const { PassThrough } = await import('node:stream');
  const syncStdout = new PassThrough();
  await using client = launch<Served>({ cmd: greets, syncStdout });
  const greeter = await (await client.client()).dispense('greeter');
  await greeter.greet('both');
  expect(String(syncStdout.read())).toBe('greeting both\n');
  expect(client.stdout).toBe('greeting both\n');
});
