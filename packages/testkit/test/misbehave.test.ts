import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { isPipeworkError, type Client, type Remote } from '@pipework/core';
import { leftProcesses } from '../../../testing/left-processes.ts';
import { conducts, launch, misbehave, type LaunchedClient, type Misbehaviour } from '@pipework/testkit';

afterAll(() => {
  // Two of the programs leave a grandchild behind, on purpose, which would live for half a minute.
  for (const { pid, command } of leftProcesses())
    if (command.endsWith('setTimeout(() => {}, 30_000)')) process.kill(pid, 'SIGKILL');
});

interface Anything {
  thing: {
    anything(): Promise<unknown>;
    echo(value: unknown): Promise<unknown>;
  };
}

const start = (kind: Misbehaviour, ...args: string[]): LaunchedClient<Anything> =>
  launch<Anything>({
    cmd: misbehave(kind, ...args),
    startTimeout: kind === 'no-handshake' ? 300 : 10_000,
    gracePeriod: 300,
  });

async function dispensed(client: Client<Anything>): Promise<Remote<Anything['thing']>> {
  return await (await client.client()).dispense('thing');
}

async function failureOf(promise: PromiseLike<unknown>): Promise<Error & { code: string }> {
  const outcome = Promise.resolve(promise).then(
    (value) => `no error, but ${String(value)}`,
    (error: unknown) => error,
  );
  await expect(outcome, 'it settles').toHappenWithin(10_000);
  const error = await outcome;
  expect(isPipeworkError(error), `an error of pipework's own, not ${String(error)}`).toBe(true);
  return error as Error & { code: string };
}

test('each kind has a program, and each program a kind', () => {
  const programs = readdirSync(new URL('../programs', import.meta.url))
    .map((name) => name.replace(/\.mjs$/, ''))
    .filter((name) => name !== 'base' && name !== 'msgpack');
  expect(Object.keys(conducts).sort()).toEqual(programs.sort());
});

test('an unknown kind is refused with the list of kinds', () => {
  expect(() => misbehave('is-nice' as Misbehaviour)).toThrow(
    /'is-nice' is not a kind\. The kinds are behaves, /,
  );
});

describe.concurrent('a host survives a plugin at its start that', () => {
  test.each<[Misbehaviour, string]>([
    ['no-handshake', 'HANDSHAKE_TIMEOUT'],
    ['wrong-version', 'HANDSHAKE_VERSION'],
    ['wrong-api-version', 'HANDSHAKE_API_VERSION'],
    ['wrong-network', 'HANDSHAKE_NETWORK'],
    ['wrong-protocol', 'HANDSHAKE_PROTOCOL'],
    ['short-line', 'HANDSHAKE_UNRECOGNIZED'],
    ['endless-line', 'HANDSHAKE_UNRECOGNIZED'],
    ['prints-garbage', 'HANDSHAKE_UNRECOGNIZED'],
    ['exits-before-handshake', 'HANDSHAKE_EXITED'],
    ['closes-pipe-before-handshake', 'HANDSHAKE_CLOSED'],
  ])('%s: the start fails with %s', async (kind, code) => {
    await using client = start(kind);
    const error = await failureOf(client.start());
    expect(error.code).toBe(code);
    expect(client.exited).toBe(true);
  });
});

describe.concurrent('a host survives a plugin in service that', () => {
  const failing: Misbehaviour[] = [
    'aborts-on-call',
    'crashes-on-call',
    'deep-nesting',
    'exits-mid-reply',
    'garbage-messages',
    'huge-frame',
    'huge-message',
    'malformed-response',
    'overruns-window',
    'resets-on-call',
    'unknown-frame-type',
    'wrong-frame-version',
    'wrong-message-id',
  ];
  test.each(failing)('%s: the call fails at once with an error of pipework’s own', async (kind) => {
    await using client = start(kind);
    const thing = await dispensed(client);
    await failureOf(thing.anything());
  });

  test.each<Misbehaviour>([
    'crashes-on-dispense',
    'ends-control-stream',
    'garbage-frames',
    'dispenses-nothing',
  ])('%s: dispensing, or the first call, fails', async (kind) => {
    await using client = start(kind);
    await failureOf(dispensed(client).then((thing) => thing.anything()));
  });

  test.each<Misbehaviour>([
    'calls-the-host',
    'floods-stdout',
    'floods-stderr',
    'floods-synced-stdout',
    'ends-output-early',
    'orphan-grandchild',
    'grandchild-holds-the-pipe',
    'behaves',
  ])('%s: calls go on and the end comes', async (kind) => {
    const client = start(kind);
    const rpc = await client.client();
    const thing = await rpc.dispense(kind === 'behaves' ? ('conformance' as 'thing') : 'thing');
    expect(await thing.echo('still here')).toBe('still here');
    expect(await rpc.ping()).toBeGreaterThan(0);
    await expect(client.kill(), 'the end').toHappenWithin(8_000);
  });

  test.each<[Misbehaviour, object]>([
    ['ignores-quit', { by: 'eof', code: 0 }],
    ['ignores-eof', { by: 'sigterm', signal: 'SIGTERM' }],
    ['ignores-sigterm', { by: 'sigkill', signal: 'SIGKILL' }],
  ])('%s: kill() climbs its ladder until it is gone', async (kind, exit) => {
    const client = start(kind);
    await client.client();
    expect(await client.kill()).toMatchObject(exit);
  });

  test.each<Misbehaviour>([
    'hangs-on-call',
    'blocks-the-loop',
    'truncated-frame',
    'never-reads',
    'never-accepts',
    'goes-away',
    'floods-streams',
    'opens-wrong-stream',
  ])('%s: a call that gets no answer ends with kill()', async (kind) => {
    const client = start(kind);
    const call = (async () => await (await dispensed(client)).anything())();
    call.catch(() => undefined);
    await client.client();
    await client.kill();
    await failureOf(call);
  });

  test('poisons-prototypes: nothing is polluted', async () => {
    await using client = start('poisons-prototypes');
    const thing = await dispensed(client);
    await Promise.allSettled([thing.anything()]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('answers-twice: the first answer counts', async () => {
    await using client = start('answers-twice');
    const thing = await dispensed(client);
    const [outcome] = await Promise.allSettled([thing.anything()]);
    expect(outcome.status === 'fulfilled' ? outcome.value : 'first').toBe('first');
  });

  test('odd-error: a call fails with whatever the error was', async () => {
    await using client = start('odd-error');
    const thing = await dispensed(client);
    await expect(Promise.resolve(thing.anything())).rejects.toThrow('42');
  });

  test('exits-when-idle: the exit is reported', async () => {
    const client = start('exits-when-idle', '10');
    await client.start();
    expect(await client.exit).toMatchObject({ code: 0, by: 'plugin' });
  });

  test('slow-handshake: the start waits for it, within its timeout', async () => {
    await using client = start('slow-handshake', '50');
    await client.start();
    await using late = launch({ cmd: misbehave('slow-handshake', '60000'), startTimeout: 100 });
    expect((await failureOf(late.start())).code).toBe('HANDSHAKE_TIMEOUT');
  });
});
