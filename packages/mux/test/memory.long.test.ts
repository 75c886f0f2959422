/** Checks that a session needs little memory, and frees it again. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { decodeFrames, FrameType, LeanSession } from './support/internals.ts';
import { heldBytes } from './support/memory.ts';
import { data, rawPeer, settled, SYN, update } from './support/raw-peer.ts';
import { echo, sessionPair, until } from './support/session-pair.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

describe('memory', () => {
  test('is the same after 100,000 short streams as before', async () => {
    const { client } = sessionPair({ server: { onStream: echo } });
    const message = Buffer.alloc(100, 1);
    const run = async (count: number): Promise<void> => {
      let open = 0;
      let done = 0;
      while (done < count) {
        for (; open < 200 && done + open < count; open += 1) {
          const stream = client.openRaw();
          stream.setHandler({
            onData: (chunk) => stream.consume(chunk.length),
            onEnd: () => {},
            onClose: () => {
              open -= 1;
              done += 1;
            },
          });
          stream.write(message);
          stream.end();
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await run(10_000);
    const before = await heldBytes();
    await run(100_000);
    expect(client.streamCount).toBe(0);
    expect((await heldBytes()) - before).toBeLessThan(512 * KiB);
  });

  test('for 256 idle streams is small, whether they are lean streams or Duplexes', async () => {
    const { client, server } = sessionPair();
    const before = await heldBytes();
    const lean = Array.from({ length: 256 }, () => client.openRaw());
    await settled();
    const leanCost = (await heldBytes()) - before;
    expect(leanCost / 256).toBeLessThan(8 * KiB);
    const accepted = [];
    for (let i = 0; i < 256; i += 1) accepted.push(await server.acceptStream());
    await settled();
    expect(((await heldBytes()) - before) / 256).toBeLessThan(16 * KiB);
    expect([lean.length, accepted.length]).toEqual([256, 256]);
  });

  test('for an unread stream is at most its window, however small the frames are', async () => {
    const peer = rawPeer({ maxStreamWindowSize: 256 * KiB });
    peer.send(update(1, 0, SYN));
    await settled();
    const before = await heldBytes();
    for (let i = 0; i < 256; i += 1) peer.send(...Array.from({ length: 1024 }, () => data(1, 'x')));
    await until(() => peer.session.stats().heldBytes === 256 * KiB, 'all of it has come');
    expect((await heldBytes()) - before).toBeLessThan(512 * KiB);
  });

  test('for an unread Duplex is at most its window too', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN));
    const stream = await peer.session.acceptStream();
    stream.on('readable', () => {});
    await settled();
    const before = await heldBytes();
    for (let i = 0; i < 256; i += 1) peer.send(...Array.from({ length: 1024 }, () => data(1, 'four')));
    await until(() => peer.session.stats().heldBytes === MiB, 'all of it has come');
    expect((await heldBytes()) - before).toBeLessThan(1.5 * MiB);
    expect(stream.readableLength).toBeLessThan(256 * KiB);
  });
});

test('the memory of small frames that a socket has accepted is reused for the next ones', async () => {
  const mirror = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const back: Buffer[] = [];
  mirror.stdout.on('data', (chunk: Buffer) => back.push(chunk));
  const blocks = new Set<unknown>();
  const write = mirror.stdin.write.bind(mirror.stdin) as (chunk: Buffer) => boolean;
  mirror.stdin.write = ((chunk: Buffer) => {
    blocks.add(chunk.buffer);
    return write(chunk);
  }) as typeof mirror.stdin.write;
  const session = new LeanSession(
    { readable: new PassThrough(), writable: mirror.stdin },
    { role: 'client' },
  );
  const streams = Array.from({ length: 4 }, () => session.openRaw());
  const sent = streams.map(() => '');
  for (let i = 0; i < 4_000; i += 1) {
    const message = `message ${i} `.padEnd(200, 'x');
    streams[i % 4]!.writeCopy(Buffer.from(message), 0, message.length);
    sent[i % 4] += message;
    do await new Promise(setImmediate);
    while (mirror.stdin.writableLength > 0);
  }
  const ended = once(mirror, 'close');
  await session.close();
  await ended;

  const { frames } = decodeFrames(Buffer.concat(back));
  const received = streams.map(({ id }) =>
    frames
      .filter(({ streamId, type }) => streamId === id && type === FrameType.Data)
      .map(({ payload = [] }) => Buffer.from(payload).toString())
      .join(''),
  );
  expect(received).toEqual(sent);
  // Without reuse, 800 KB would fill thirteen blocks of 64 KiB. With reuse, a new block is begun only if the
  // pipe was full.
  expect(blocks.size).toBeLessThan(6);
});
