/**
 * Tests of time limits that passed while the host's own event loop was blocked. If the awaited data is
 * already in the host's pipes, the wait must succeed.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Client, withCallOptions, type Remote, type RPCClient } from '../../src/index.ts';
import { enoughMs, type Fixtures, isWindows, plugin, until } from '../support/life.ts';

type Rpc = RPCClient<Fixtures>;
type Greeter = Remote<Fixtures['greeter']>;

/** Blocks the event loop until `isOver()` returns true. After that, timers run before the pipes are read. */
async function blockUntil(isOver: () => boolean): Promise<void> {
  // Lets pending writes begin. On Windows, a write begins only after the event loop has reported the end of
  // the previous write.
  for (let turns = isWindows ? 3 : 1; turns > 0; turns--)
    await new Promise((resolve) => setImmediate(resolve));
  const deadline = performance.now() + 60_000;
  while (!isOver())
    if (performance.now() > deadline) throw new Error('the condition that ends the block was never met');
}

describe('a host whose event loop was blocked for longer than a time limit', () => {
  test('reads the handshake line that arrived during the block', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pipework-blocked-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const [go, mark] = [join(directory, 'go'), join(directory, 'greeted')];
    const startTimeout = await enoughMs(1_000);
    const script = `
      const { existsSync, writeFileSync, writeSync } = require('node:fs');
      const [go, mark] = process.argv.slice(1);
      const nap = new Int32Array(new SharedArrayBuffer(4));
      while (!existsSync(go)) Atomics.wait(nap, 0, 0, 20);
      writeSync(4, '1|pipe|3,4|msgpack-rpc|1\\n');
      writeFileSync(mark, '');
      setTimeout(() => {}, 20_000);
    `;
    const client = new Client({
      cmd: [process.execPath, '-e', script, go, mark],
      stdin: 'ignore',
      startTimeout,
      gracePeriod: 50,
    });
    onTestFinished(async () => void (await client.kill()));
    const began = performance.now();
    const started = client.start();
    await until(() => client.pid !== undefined);
    writeFileSync(go, '');
    await blockUntil(() => existsSync(mark) && performance.now() - began > startTimeout + 100);
    expect(await started).toMatchObject({ network: 'pipe' });
  });

  test('accepts the answer to a ping that arrived during the block', async () => {
    const rpc = await plugin('greets').client();
    const ping = rpc.ping({ timeoutMs: 100 });
    const began = performance.now();
    await blockUntil(() => performance.now() - began > 1_000);
    expect(await ping).toBeGreaterThan(0);
  });

  test('accepts the stream that was dialled during the block', async () => {
    const rpc = await plugin('dials', { limits: { brokerTimeoutMs: 300 } }).client();
    const dialler = await rpc.dispense('dialler');
    const id = rpc.broker.nextId();
    const accepted = rpc.broker.accept(id);
    const dialled = dialler.dial(id);
    const began = performance.now();
    await blockUntil(() => performance.now() - began > 1_000);
    expect(await text(await accepted)).toBe('a word');
    await dialled;
  });

  test.each<[string, (rpc: Rpc, greeter: Greeter, ms: number) => Promise<unknown>, unknown]>([
    ['describe()', (rpc, _, timeoutMs) => rpc.describe({ timeoutMs }).then(({ plugins }) => plugins), { greeter: { methods: { greet: {}, say: {}, complain: {} } } }],
    ['ping()', async (rpc, _, timeoutMs) => typeof (await rpc.ping({ timeoutMs })), 'number'],
    ['a call with a deadline', (_, greeter, deadlineMs) => withCallOptions(greeter, { deadlineMs }).greet('you'), 'Hello, you!'],
  ])('waits for the answer to %s if the block began before the request had left', async (_, ask, answer) => {
    const rpc = await plugin('greets').client();
    const greeter = await rpc.dispense('greeter');
    const ms = await enoughMs(500);
    // After the first request of a turn, further requests are sent at the end of the turn.
    void greeter.greet('me');
    const asked = ask(rpc, greeter, ms);
    const began = performance.now();
    while (performance.now() - began < 2 * ms);
    expect(await asked).toEqual(answer);
  }); // prettier-ignore
});
