/**
 * Tests against the other implementations of yamux on npm. If a test is about a fault of one of them, its
 * name says "its fault".
 */

import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LeanSession, type LeanSessionOptions, type Role, toDuplex } from '../support/internals.ts';
import { bytePair, type PairOptions } from '../support/byte-pair.ts';
import { chainsafe, yamuxJs, type MakeMux, type OtherMux, type OtherStream } from '../support/other-muxes.ts';
import { settled } from '../support/raw-peer.ts';
import { pattern, readAll, until } from '../support/session-pair.ts';

const KiB = 1024;

/** Connects a session of ours to a session of another implementation. */
async function facing(
  role: Role,
  make: MakeMux,
  options: Partial<LeanSessionOptions> = {},
  pipe?: PairOptions,
): Promise<{ ours: LeanSession; theirs: OtherMux }> {
  const [near, far] = bytePair(pipe);
  far.on('error', () => {});
  const ours = new LeanSession(near, { role, ...options });
  const theirs = await make(role === 'client' ? 'server' : 'client', far);
  onTestFinished(async () => {
    far.end();
    await ours.close();
    far.destroy();
  });
  return { ours, theirs };
}

/** Sends each chunk back, and ends when the other side has ended. */
function echo(stream: OtherStream): void {
  stream.onData((bytes) => stream.write(Uint8Array.from(bytes)));
  stream.onEnd(() => stream.end());
}

/** Sends bytes through a stream of ours, and checks the bytes that the other mux sends back. */
async function ourTrip(ours: LeanSession, bytes: Buffer): Promise<void> {
  const stream = ours.openStream();
  stream.write(bytes);
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  await until(() => length >= bytes.length || stream.destroyed, `${bytes.length} bytes are back`, 15_000);
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  stream.end();
}

/** Sends bytes through a stream of the other mux, and checks the bytes that we send back. */
async function theirTrip(theirs: OtherMux, bytes: Buffer): Promise<void> {
  const stream = await theirs.open();
  const chunks: Uint8Array[] = [];
  let length = 0;
  stream.onData((chunk) => {
    chunks.push(Uint8Array.from(chunk));
    length += chunk.length;
  });
  stream.write(bytes);
  await until(
    () => length >= bytes.length || theirs.faults.length > 0,
    `${bytes.length} bytes are back`,
    15_000,
  );
  expect(theirs.faults).toEqual([]);
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  stream.end();
}

function echoOurs(ours: LeanSession): void {
  void (async () => {
    for await (const stream of ours) stream.pipe(stream);
  })().catch(() => {});
}

const roles: Role[] = ['client', 'server'];

describe.each(roles)('@chainsafe/libp2p-yamux, we are the %s', (role) => {
  test.each([100, 64 * KiB, 1024 * KiB, 5_000_000])('echoes %i bytes of a stream of ours', async (size) => {
    const { ours, theirs } = await facing(role, chainsafe);
    theirs.onStream(echo);
    await ourTrip(ours, pattern(size));
  });

  test.each([100, 64 * KiB, 1024 * KiB, 5_000_000])(
    'gets back the %i bytes that it sends on its own stream',
    async (size) => {
      const { ours, theirs } = await facing(role, chainsafe);
      echoOurs(ours);
      await theirTrip(theirs, pattern(size));
    },
  );

  test('opens 1,000 streams at the same time, and loses none if we accept them immediately', async () => {
    const { ours, theirs } = await facing(role, chainsafe, {
      onStream: (stream) => {
        const duplex = toDuplex(stream, ours);
        duplex.pipe(duplex);
      },
    });
    await Promise.all(Array.from({ length: 1000 }, (_, i) => theirTrip(theirs, pattern(100, i))));
    expect(ours.hasEnded).toBe(false);
  });

  test('opens more streams than the backlog without waiting (its fault), and we refuse the surplus', async () => {
    const { ours, theirs } = await facing(role, chainsafe, { acceptBacklog: 16 });
    await Promise.all(Array.from({ length: 100 }, () => theirs.open()));
    await settled();
    expect(ours.stats()).toMatchObject({ streams: 16, unaccepted: 16 });
  });

  test('takes 1,000 streams of ours', async () => {
    const { ours, theirs } = await facing(role, chainsafe);
    theirs.onStream(echo);
    await Promise.all(Array.from({ length: 1000 }, (_, i) => ourTrip(ours, pattern(100, i))));
  });

  test('finishes streams from both sides, and no side has a stream left', async () => {
    const { ours, theirs } = await facing(role, chainsafe);
    theirs.onStream(echo);
    const stream = ours.openStream();
    stream.end('there and back');
    expect((await readAll(stream)).toString()).toBe('there and back');
    await until(() => ours.streamCount === 0, 'our table is empty');
  });

  test('answers our pings, and gets answers to its own', async () => {
    const { ours, theirs } = await facing(role, chainsafe);
    expect(await ours.ping()).toBeGreaterThan(0);
    expect(await theirs.ping!()).toBeGreaterThanOrEqual(0);
  });

  test('ends its open streams when we send a normal go-away (its fault: go-away only stops new streams)', async () => {
    const { ours, theirs } = await facing(role, chainsafe);
    theirs.onStream(echo);
    const stream = ours.openStream();
    stream.write('x');
    await once(stream, 'data');
    ours.goAway();
    await settled();
    stream.write('still there?');
    let answered = false;
    stream.on('data', () => (answered = true));
    await settled();
    expect(answered).toBe(false);
  });
});

describe('yamux-js', () => {
  test('echoes a small message of a stream of ours', async () => {
    const { ours, theirs } = await facing('client', yamuxJs());
    theirs.onStream(echo);
    await ourTrip(ours, pattern(100));
  });

  test('echoes 200 streams of ours, one message each', async () => {
    const { ours, theirs } = await facing('client', yamuxJs());
    theirs.onStream(echo);
    await Promise.all(Array.from({ length: 200 }, (_, i) => ourTrip(ours, pattern(100, i))));
  });

  test.each(roles)('gets a small message back if we are the %s', async (role) => {
    const { ours, theirs } = await facing(role, yamuxJs());
    echoOurs(ours);
    await theirTrip(theirs, pattern(100));
  });

  test.each(roles)('answers a ping, we are the %s', async (role) => {
    const { ours } = await facing(role, yamuxJs());
    expect(await ours.ping()).toBeGreaterThan(0);
  });

  test('echoes half a megabyte only if we grant no credit by SYN, because it ignores that credit (its fault)', async () => {
    const options = { maxStreamWindowSize: 256 * KiB };
    const { ours, theirs } = await facing('client', yamuxJs({ wholeFrames: true }), options);
    theirs.onStream(echo);
    await ourTrip(ours, pattern(512 * KiB));
  });

  test('loses bytes if a frame is cut (its fault)', async () => {
    const { ours, theirs } = await facing('client', yamuxJs(), {}, { chunkSize: () => 1000 });
    const got: Uint8Array[] = [];
    theirs.onStream((stream) => stream.onData((bytes) => got.push(bytes)));
    ours.openStream().write(pattern(3000));
    await settled();
    await settled();
    expect(Buffer.concat(got).equals(pattern(3000))).toBe(false);
  });

  test('never sends FIN (its fault), so our reset ends the stream', async () => {
    const { ours, theirs } = await facing('client', yamuxJs());
    theirs.onStream((stream) => {
      stream.onData(() => {});
      stream.end();
    });
    const stream = ours.openStream();
    stream.end('over to you');
    stream.resume();
    await settled();
    await settled();
    expect(stream.readableEnded).toBe(false);
    stream.destroy();
    expect(ours.streamCount).toBe(0);
  });
});
