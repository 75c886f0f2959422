import { PassThrough } from 'node:stream';
import { LeanSession } from '@pipework/mux/lean';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Broker, type Limits, checkLimits } from '../support/internals.ts';

function brokers(limits: Partial<Limits> = {}): {
  host: Broker;
  plugin: Broker;
  hostSession: LeanSession;
  pluginSession: LeanSession;
} {
  const down = new PassThrough();
  const up = new PassThrough();
  const resolved = checkLimits(limits);
  let plugin!: Broker;
  let host!: Broker;
  const hostSession = new LeanSession(
    { readable: up, writable: down },
    { role: 'client', onStream: (stream) => host.handle(stream) },
  );
  const pluginSession = new LeanSession(
    { readable: down, writable: up },
    { role: 'server', onStream: (stream) => plugin.handle(stream) },
  );
  for (const session of [hostSession, pluginSession]) session.closed.catch(() => {});
  host = new Broker(hostSession, resolved);
  plugin = new Broker(pluginSession, resolved);
  onTestFinished(async () => {
    await Promise.allSettled([hostSession.close(), pluginSession.close()]);
  });
  return { host, plugin, hostSession, pluginSession };
}

async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

describe('a dialled stream', () => {
  test('reaches the side that accepts its id, with all its bytes, in both directions', async () => {
    const { host, plugin } = brokers();
    const id = plugin.nextId();
    const accepted = plugin.accept(id);
    const dialled = await host.dial(id);
    dialled.end('to the plugin');
    const stream = await accepted;
    stream.end('to the host');
    expect(await text(stream)).toBe('to the plugin');
    expect(await text(dialled)).toBe('to the host');
  });

  test('waits until it is accepted, even if its data and its end have arrived before', async () => {
    const { host, plugin } = brokers();
    const id = plugin.nextId();
    const dialled = await host.dial(id);
    dialled.end('early');
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    const stream = await plugin.accept(id);
    expect(await text(stream)).toBe('early');
    stream.end();
    expect(await text(dialled)).toBe('');
  });

  test('is reset if it is not accepted in time', async () => {
    const { host } = brokers({ brokerTimeoutMs: 20 });
    const dialled = await host.dial(77);
    await expect(text(dialled)).rejects.toMatchObject({ code: 'MUX_STREAM_RESET' });
  });

  test('is reset if its id is in use, arrives too late, or is incomplete at the end of the stream', async () => {
    const { host, hostSession } = brokers({ brokerTimeoutMs: 50 });
    await host.dial(5).then((first) => first.on('error', () => {}));
    await expect(text(await host.dial(5))).rejects.toMatchObject({ code: 'MUX_STREAM_RESET' });
    const silent = hostSession.openStream();
    silent.write(Buffer.from([0, 0]));
    await expect(text(silent)).rejects.toMatchObject({ code: 'MUX_STREAM_RESET' });
    const short = hostSession.openStream();
    short.end(Buffer.from([0, 0, 1]));
    await expect(text(short)).rejects.toMatchObject({ code: 'MUX_STREAM_RESET' });
  });

  test('is reset if maxWaitingStreams streams wait already', async () => {
    const { host, pluginSession } = brokers({ maxWaitingStreams: 3 });
    for (let id = 1; id <= 3; id++) (await host.dial(id)).on('error', () => {});
    await expect(text(await host.dial(4))).rejects.toMatchObject({ code: 'MUX_STREAM_RESET' });
    expect(pluginSession.streamCount).toBe(3);
  });
});

describe('accept()', () => {
  test('rejects when the peer does not dial in time', async () => {
    const { plugin } = brokers({ brokerTimeoutMs: 20 });
    await expect(plugin.accept(plugin.nextId())).rejects.toMatchObject({ code: 'BROKER_TIMEOUT' });
  });

  test('rejects if another accept() waits for the id, or if the value is not an id', async () => {
    const { plugin } = brokers({ brokerTimeoutMs: 20 });
    const first = plugin.accept(1);
    await expect(plugin.accept(1)).rejects.toMatchObject({ code: 'BROKER_ID_IN_USE' });
    for (const id of [0, -1, 1.5, 2 ** 32, Number.NaN]) {
      await expect(plugin.accept(id)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    }
    await expect(first).rejects.toMatchObject({ code: 'BROKER_TIMEOUT' });
  });

  test('rejects when the session ends, and so does dial()', async () => {
    const { host, plugin } = brokers();
    const waiting = plugin.accept(plugin.nextId());
    plugin.close(new Error('over'));
    await expect(waiting).rejects.toMatchObject({
      code: 'BROKER_CLOSED',
      message: expect.stringContaining('over') as string,
    });
    host.close(new Error('over'));
    await expect(host.dial(1)).rejects.toMatchObject({ code: 'BROKER_CLOSED' });
  });
});

describe('nextId()', () => {
  test('skips an id that is awaited, or that was awaited a moment ago', async () => {
    const { plugin } = brokers();
    const stop = new AbortController();
    const foreign = [1, 3].map((id) => plugin.accept(id));
    const stopped = plugin.accept(2, { signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
    expect([plugin.nextId(), plugin.nextId()]).toEqual([4, 5]);
    plugin.close(new Error('over'));
    await Promise.allSettled(foreign);
  });
});

describe('forget()', () => {
  test('does not affect another user who waits for the same id', async () => {
    const { host, plugin } = brokers();
    const accepted = plugin.accept(1);
    plugin.forget(1, { resolve() {}, reject() {} });
    (await host.dial(1)).end('a word');
    const stream = await accepted;
    expect(await text(stream)).toBe('a word');
    stream.end();
  });
});
