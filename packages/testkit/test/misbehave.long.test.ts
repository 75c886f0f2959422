import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { isPipeworkError, type Client, type Remote } from '@pipework/core';
import { leftProcesses } from '../../../testing/left-processes.ts';
import { conducts, launch, misbehave, type LaunchedClient, type Misbehaviour } from '@pipework/testkit';

afterAll(() => {
  // Two of the programs leave a grandchild behind on purpose. Each grandchild would live for half a minute.
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
    startTimeout: kind === 'no-handshake' ? 300 : 60_000,
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
  expect(isPipeworkError(error), `an error of pipework, not ${String(error)}`).toBe(true);
  return error as Error & { code: string };
}

test('each kind of misbehaviour has a program, and each program has a kind', () => {
  const programs = readdirSync(new URL('../programs', import.meta.url))
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => name.replace(/\.mjs$/, ''))
    .filter((name) => name !== 'base' && name !== 'msgpack');
  expect(Object.keys(conducts).sort()).toEqual(programs.sort());
});

test('misbehave() refuses an unknown kind, with the list of kinds in its error', () => {
  expect(() => misbehave('is-nice' as Misbehaviour)).toThrow(
    /'is-nice' is not a kind\. The kinds are behaves, /,
  );
});

describe.concurrent('a host survives a plugin that misbehaves at its start', () => {
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

describe.concurrent('a host survives a plugin that misbehaves after its start', () => {
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
  ];
  test.each(failing)('%s: the call fails immediately with a PipeworkError', async (kind) => {
    await using client = start(kind);
    const thing = await dispensed(client);
    await failureOf(thing.anything());
  });

  test.each<Misbehaviour>([
    'crashes-on-dispense',
    'ends-control-stream',
    'garbage-frames',
    'dispenses-nothing',
  ])('%s: dispense() or the first call fails', async (kind) => {
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
  ])('%s: calls are answered, and kill() ends the plugin', async (kind) => {
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
  ])('%s: kill() climbs its ladder until the process is gone', async (kind, exit) => {
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
    'wrong-message-id',
  ])('%s: a call that gets no answer ends with kill()', async (kind) => {
    const client = start(kind);
    const call = (async () => await (await dispensed(client)).anything())();
    call.catch(() => undefined);
    await client.client();
    await client.kill();
    await failureOf(call);
  });

  test('poisons-prototypes: the answer pollutes no prototype', async () => {
    await using client = start('poisons-prototypes');
    const thing = await dispensed(client);
    await Promise.allSettled([thing.anything()]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('answers-twice: the call gets the first answer', async () => {
    await using client = start('answers-twice');
    const thing = await dispensed(client);
    const [outcome] = await Promise.allSettled([thing.anything()]);
    expect(outcome.status === 'fulfilled' ? outcome.value : 'first').toBe('first');
  });

  test('odd-error: the call fails with the number in the message', async () => {
    await using client = start('odd-error');
    const thing = await dispensed(client);
    await expect(Promise.resolve(thing.anything())).rejects.toThrow('42');
  });

  test('exits-when-idle: the exit is reported', async () => {
    const client = start('exits-when-idle', '10');
    await client.start();
    expect(await client.exit).toMatchObject({ code: 0, by: 'plugin' });
  });

  test('slow-handshake: start() waits for the line, but not longer than startTimeout', async () => {
    await using client = start('slow-handshake', '50');
    await client.start();
    await using late = launch({ cmd: misbehave('slow-handshake', '60000'), startTimeout: 100 });
    expect((await failureOf(late.start())).code).toBe('HANDSHAKE_TIMEOUT');
  });
});

describe('a host that offers services survives a plugin that misbehaves', () => {
  /**
   * Returns a host that offers one service, and counts of the services made, the services released, and the
   * host's warnings.
   */
  const provider = (kind: Misbehaviour, ...args: string[]) => {
    const counts = { made: 0, disposed: 0, warnings: 0 };
    const client = launch<Anything, { files: { read(name: string): string } }>({
      cmd: misbehave(kind, ...args),
      gracePeriod: 300,
      limits: { maxWaitingStreams: 16 },
      logger: { warn: () => void (counts.warnings += 1) },
      provide: {
        files: () => {
          counts.made += 1;
          return {
            read: (name) => name,
            [Symbol.dispose]: () => {
              counts.disposed += 1;
            },
          };
        },
      },
    });
    onTestFinished(async () => void (await client.kill()));
    return { client, counts };
  };

  test('never-opens-services: the host makes only as many services as maxWaitingStreams allows, and releases them at the end', async ({
    expect,
  }) => {
    const { client, counts } = provider('never-opens-services');
    const rpc = await client.client();
    const thing = await rpc.dispense('thing');
    expect(await thing.echo(1)).toBe(1);
    await expect.poll(() => client.transcript().includes('was refused: 16 other implementations')).toBe(true);
    await rpc.ping();
    expect(counts.made).toBe(16);
    await client.kill();
    await expect.poll(() => counts.disposed).toBe(16);
    // The host ended the session, so it logs no warning about the plugin.
    expect(counts.warnings).toBe(0);
  });

  test('asks-without-end: calls continue, and the host can end the plugin', async ({ expect }) => {
    const { client, counts } = provider('asks-without-end');
    const rpc = await client.client();
    const thing = await rpc.dispense('thing');
    expect(await thing.echo(1)).toBe(1);
    await expect.poll(() => counts.made).toBeGreaterThan(100);
    expect(await rpc.ping()).toBeGreaterThan(0);
    await expect(client.kill(), 'the end').toHappenWithin(8_000);
    await expect.poll(() => counts.disposed).toBe(counts.made);
  });

  test('calls-what-was-not-provided: each wrong request fails, and the host makes only the offered service', async () => {
    const { client, counts } = provider('calls-what-was-not-provided');
    const thing = await (await client.client()).dispense('thing');
    const outcomes = (await thing.anything()) as [string, string][];
    expect(outcomes).toHaveLength(22);
    for (const [, told] of outcomes)
      expect(told).toMatch(
        /^(unknown service: |can't find method |the name given to dispense\(\) must be a text; )/,
      );
    expect(counts.made).toBe(1);
  });

  test('never-opens-services: a host that offers no services resets the stream, and calls continue', async () => {
    const client = start('never-opens-services');
    const thing = await dispensed(client);
    expect(await thing.echo(1)).toBe(1);
    expect(await thing.echo(2)).toBe(2);
    await client.kill();
  });
});

describe('a host survives a plugin that lies-in-its-description', () => {
  const describing = async (lie: string) => {
    const client = start('lies-in-its-description', lie);
    onTestFinished(async () => void (await client.kill()));
    return await client.client();
  };

  test('the description leaves out a value of a wrong type', async () => {
    const rpc = await describing('types');
    expect(await rpc.describe()).toEqual({
      runtime: 'unknown',
      protocolVersions: [],
      plugins: { thing: { methods: { echo: {}, list: {}, nothing: {} } } },
    });
  });

  test('the host refuses a description with more names than its limit', async () => {
    const rpc = await describing('huge');
    expect((await failureOf(rpc.describe())).code).toBe('RPC_PROTOCOL');
    expect(await rpc.ping()).toBeGreaterThan(0);
  });

  test('a schema that is too deep becomes an error in the description of its plugin', async () => {
    const rpc = await describing('deep');
    expect((await rpc.describe()).plugins).toEqual({
      thing: { error: expect.stringMatching(/level|deep/) as string },
    });
  });

  test('a description may contain names such as __proto__, and pollutes no prototype', async () => {
    const rpc = await describing('poisoned');
    const { plugins } = await rpc.describe();
    expect(Object.keys(plugins)).toEqual(['__proto__', 'constructor', 'thing']);
    expect(Object.keys(plugins['thing']?.methods ?? {})).toEqual(['__proto__', 'constructor', 'then']);
    expect(({} as { doc?: string }).doc).toBeUndefined();
  });
});
