/**
 * Tests of time limits that passed while the process itself was blocked. If the awaited bytes are already in
 * the pipe, the wait must succeed.
 */

import { spawn } from 'node:child_process';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Session } from './support/internals.ts';
import { rawPeer, settled, update, ACK } from './support/raw-peer.ts';
import { echo, pattern, readAll, sessionPair } from './support/session-pair.ts';

/**
 * Blocks the event loop for `ms` milliseconds. If `block()` is called right after `await aTurn()`, the timers
 * that became due meanwhile run before Node reads the pipes.
 */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a process that was blocked for longer than a time limit', () => {
  test('accepts the answer to a ping, even if the ping was not sent before the block', async () => {
    const { client } = sessionPair({ client: { connectionWriteTimeout: 200 } });
    await aTurn();
    const ping = client.ping();
    block(500);
    expect(await ping).toBeGreaterThanOrEqual(500);
  });

  test('does not end a session for a missing keep-alive answer', async () => {
    const { client } = sessionPair({
      client: { enableKeepAlive: true, keepAliveInterval: 20, connectionWriteTimeout: 100 },
    });
    for (let round = 0; round < 5; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      await aTurn();
      block(300);
      await settled();
    }
    expect(client.hasEnded).toBe(false);
  });

  test('does not reset a stream if the peer answered it meanwhile', async () => {
    const { client } = sessionPair({ client: { streamOpenTimeout: 200 }, server: { onStream: echo } });
    await aTurn();
    const stream = client.openStream();
    stream.end(pattern(1000));
    block(500);
    expect((await readAll(stream)).equals(pattern(1000))).toBe(true);
  });

  test('does not reset a half-closed stream if the peer finished it meanwhile', async () => {
    const peer = rawPeer({ role: 'client', streamCloseTimeout: 200 });
    const stream = peer.session.openStream();
    stream.end();
    await settled();
    peer.send(update(1, 0, ACK), { type: 0, streamId: 1, flags: 4, payload: Buffer.from('answer') });
    block(500);
    expect((await readAll(stream)).toString()).toBe('answer');
  });

  test('does not end a session whose transport accepted bytes meanwhile', async () => {
    const { client, server, serverEnd } = sessionPair({ client: { connectionWriteTimeout: 200 } });
    serverEnd.stall();
    const stream = client.openStream();
    stream.end(pattern(250 * 1024));
    await settled();
    await aTurn();
    block(500);
    serverEnd.resumeTaking();
    expect((await readAll(await server.acceptStream())).equals(pattern(250 * 1024))).toBe(true);
    expect(client.hasEnded).toBe(false);
  });

  test('accepts the answer of another process', async () => {
    const program = `
      import { Session } from '@pipework/mux';
      const transport = { readable: process.stdin, writable: process.stdout };
      for await (const stream of new Session(transport, { role: 'server' })) stream.pipe(stream);`;
    const cwd = new URL('..', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      cwd,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const transport = { readable: child.stdout, writable: child.stdin };
    const session = new Session(transport, { role: 'client', connectionWriteTimeout: 800 });
    onTestFinished(() => session.close());
    // Pings fail until the child has started, which may take longer than the time limit.
    const isUp = async (): Promise<boolean> =>
      session
        .ping()
        .then(() => true)
        .catch(() => false);
    while (!(await isUp()));
    const ping = session.ping();
    await aTurn();
    block(2_000);
    expect(await ping).toBeGreaterThanOrEqual(2_000);
  });
});

describe('fake timers', () => {
  test('do not affect the time limits of a session in the test that set them', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'hrtime'] });
    onTestFinished(() => void vi.useRealTimers());
    const peer = rawPeer({ role: 'client', streamOpenTimeout: 60_000, connectionWriteTimeout: 60_000 });
    const stream = peer.session.openStream();
    stream.write('unanswered');
    const ping = peer.session.ping();
    vi.advanceTimersByTime(1e9);
    await settled();
    expect(stream.destroyed).toBe(false);
    peer.send({ type: 2, flags: ACK, length: 0 });
    await ping;
  });

  test('drive a session that gets them by its option `timers`', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const peer = rawPeer({ role: 'client', streamOpenTimeout: 60_000, timers: globalThis });
    const stream = peer.session.openStream();
    vi.advanceTimersByTime(60_000);
    await settled();
    expect(stream.errored).toMatchObject({ code: 'MUX_OPEN_TIMEOUT' });
  });
});
