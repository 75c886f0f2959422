/**
 * Tests in which both ends act in random order, and the bytes are cut and delayed at random places. The bytes
 * that are read must be the bytes that were written, and no stream may be left. A failure prints its seed;
 * `PIPEWORK_SEED=n` runs only that case again.
 */

import fc from 'fast-check';
import { PassThrough, type Duplex } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../testing/explore.ts';
import { encodeFrame, LeanSession, type RawStream } from './support/internals.ts';
import { bytePair } from './support/byte-pair.ts';
import { settled } from './support/raw-peer.ts';
import { echo, pattern, readAll, until } from './support/session-pair.ts';

const KiB = 1024;
const seed = process.env['PIPEWORK_SEED'];
const replay = seed === undefined ? {} : { seed: Number(seed) };

type Step =
  | { kind: 'open' | 'turn'; stream?: never; bytes?: never }
  | { kind: 'write' | 'consume'; stream: number; bytes: number }
  | { kind: 'end' | 'reset' | 'expedite'; stream: number; bytes?: never };

const stream = fc.nat(7);
const bytes = fc.oneof(fc.nat(200), fc.nat(20 * KiB), fc.nat(400 * KiB));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('open' as const) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('write' as const), stream, bytes }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('consume' as const), stream, bytes }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), stream }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), stream }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expedite' as const), stream }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
);

/**
 * One end of a stream. It notes the first event of its handler that must not happen. The written bytes count
 * up, so a lost or swapped byte is noticed.
 */
class Witness {
  readonly raw: RawStream;
  written = 0;
  read = 0;
  unconsumed = 0;
  isEnding = false;
  hasEnded = false;
  closed: string | undefined;
  complaint: string | undefined;

  constructor(raw: RawStream) {
    this.raw = raw;
    raw.setHandler({
      onData: (chunk) => {
        for (const byte of chunk) {
          if (byte !== (this.read & 0xff)) this.complaint ??= `byte ${this.read} is ${byte}`;
          this.read += 1;
        }
        this.unconsumed += chunk.length;
        if (this.hasEnded) this.complaint ??= 'data after the end';
      },
      onEnd: () => {
        if (this.hasEnded) this.complaint ??= 'a second end';
        this.hasEnded = true;
      },
      onClose: (error) => {
        if (this.closed !== undefined) this.complaint ??= 'a second close';
        this.closed = error?.code ?? 'clean';
      },
    });
  }

  write(count: number, copy: boolean): void {
    if (this.isEnding || this.closed !== undefined) return;
    const chunk = Buffer.allocUnsafe(count);
    for (let i = 0; i < count; i += 1) chunk[i] = this.written + i;
    this.written += count;
    if (!copy) {
      this.raw.write(chunk);
      return;
    }
    this.raw.writeCopy(chunk, 0, count);
    chunk.fill(0xee);
  }

  consume(count: number): void {
    const taken = Math.min(count, this.unconsumed);
    this.unconsumed -= taken;
    this.raw.consume(taken);
  }

  end(): void {
    this.isEnding = true;
    this.raw.end();
  }
}

async function play(
  steps: [Step, boolean][],
  cuts: number[],
  delays: boolean[],
  backlog: number,
): Promise<void> {
  let cut = 0;
  let delay = 0;
  const chunkSize = (left: number): number => Math.min(left, cuts[(cut += 1) % cuts.length]!);
  const isLate = (): boolean => delays[(delay += 1) % delays.length]!;
  const ends = bytePair({ chunkSize, isLate });
  const witnesses: [Witness[], Witness[]] = [[], []];
  const sessions = ends.map(
    (end, i) =>
      new LeanSession(end, {
        role: i === 0 ? 'client' : 'server',
        acceptBacklog: backlog,
        onStream: (raw) => void witnesses[i]!.push(new Witness(raw)),
      }),
  );
  for (const [action, isServer] of steps) {
    const side = isServer ? 1 : 0;
    const mine = witnesses[side];
    if (action.kind === 'open') mine.push(new Witness(sessions[side]!.openRaw()));
    else if (action.kind === 'turn') await new Promise((resolve) => setImmediate(resolve));
    else {
      const witness = mine[action.stream ?? 0];
      if (action.kind === 'write') witness?.write(action.bytes, action.bytes % 2 === 0);
      else if (action.kind === 'consume') witness?.consume(action.bytes);
      else if (action.kind === 'end') witness?.end();
      else if (action.kind === 'reset') witness?.raw.reset();
      else witness?.raw.expedite();
    }
  }
  // At the end, every side reads its streams to their ends, and finishes them. Every open stream must end
  // cleanly.
  const everyone = (): Witness[] => witnesses.flat();
  await until(
    () => {
      for (const witness of everyone()) {
        witness.end();
        witness.consume(Infinity);
      }
      return sessions.every((session) => session.streamCount === 0);
    },
    'both tables are empty',
    10_000,
  );
  for (const witness of everyone()) expect(witness.complaint).toBeUndefined();
  // If one side saw a clean end, it has read everything that the other side wrote. Nevertheless the other
  // side may have reset the stream after its FIN.
  for (const side of [0, 1] as const) {
    for (const witness of witnesses[side]) {
      const other = witnesses[1 - side]!.find(({ raw }) => raw.id === witness.raw.id);
      if (witness.closed === 'clean')
        expect([witness.raw.id, witness.read]).toEqual([witness.raw.id, other?.written]);
    }
  }
  await settled();
  for (const session of sessions) {
    expect(session.stats()).toEqual({
      streams: 0,
      unaccepted: 0,
      unanswered: 0,
      heldBytes: 0,
      queuedBytes: 0,
    });
    expect(session.hasEnded).toBe(false);
  }
  await Promise.all(sessions.map((session) => session.close()));
}

describe('two sessions', () => {
  test('read every byte as it was written, and keep no stream, whatever both ends do', async () => {
    const steps = fc.array(fc.tuple(step, fc.boolean()), { maxLength: 120, size: 'max' });
    const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 64 * KiB })), {
      minLength: 1,
      maxLength: 8,
    });
    const delays = fc.array(fc.boolean(), { minLength: 1, maxLength: 16 }).map((late) => [...late, false]);
    // Adds a large cut, because megabytes in cuts of only a few bytes would take minutes.
    const fair = cuts.map((sizes) => [...sizes, 32 * KiB]);
    await fc.assert(fc.asyncProperty(steps, fair, delays, fc.integer({ min: 1, max: 4 }), play), {
      numRuns: runs(60),
      ...replay,
    });
  });
});

describe('Duplexes', () => {
  test('carry all piped bytes, whatever the sizes, the cuts and the reader are', async () => {
    const plan = fc.array(
      fc.record({
        writes: fc.array(fc.oneof(fc.nat(300), fc.nat(70_000), fc.nat(600 * KiB)), { maxLength: 8 }),
        reader: fc.constantFrom(...readers),
      }),
      { minLength: 1, maxLength: 6 },
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 64 * KiB }), { minLength: 1, maxLength: 6 });
    const property = fc.asyncProperty(plan, cuts, async (streams, sizes) => {
      let cut = 0;
      const chunkSize = (left: number): number =>
        Math.min(left, [...sizes, 32 * KiB][(cut += 1) % (sizes.length + 1)]!);
      const [near, far] = bytePair({ chunkSize });
      const client = new LeanSession(near, { role: 'client' });
      const server = new LeanSession(far, { role: 'server' });
      const reading = streams.map(async ({ writes, reader }, i) => {
        const sent = writes.map((size, n) => pattern(size, i + n));
        const outgoing = client.openStream();
        for (const chunk of sent) outgoing.write(chunk);
        outgoing.end();
        const stream = await server.acceptStream();
        stream.end();
        outgoing.resume();
        expect((await readBy(reader, stream)).equals(Buffer.concat(sent))).toBe(true);
      });
      await Promise.all(reading);
      await until(() => client.streamCount + server.streamCount === 0, 'both tables are empty');
      await Promise.all([client.close(), server.close()]);
    });
    await fc.assert(property, { numRuns: runs(40), ...replay });
  });
});

const readers = [
  'flowing',
  'iterated',
  'piped',
  'read()',
  'one read()',
  'read(n)',
  'both',
  'unshift',
] as const;

/** Reads a stream to its end, in the way that `reader` names, and returns the bytes. */
async function readBy(reader: (typeof readers)[number], stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const take = (size?: number): Buffer | null => stream.read(size) as Buffer | null;
  const takeBy: Record<string, () => Buffer | null> = {
    'read()': () => take(),
    'one read()': () => take(),
    'read(n)': () => take(977),
    both: () => take(977) ?? take(),
    unshift: () => {
      const chunk = take();
      if (chunk === null || chunks.length > 5 || chunk.length < 10) return chunk;
      stream.unshift(chunk.subarray(5));
      return chunk.subarray(0, 5);
    },
  };
  if (reader === 'iterated') return readAll(stream as AsyncIterable<Buffer>);
  if (reader === 'flowing') {
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  } else if (reader === 'piped') {
    const through = new PassThrough();
    through.on('data', (chunk: Buffer) => chunks.push(chunk));
    await pipeline(stream, through);
    return Buffer.concat(chunks);
  } else {
    stream.on('readable', () => {
      for (let chunk = takeBy[reader]!(); chunk !== null; chunk = takeBy[reader]!()) {
        chunks.push(chunk);
        if (reader === 'one read()') return;
      }
    });
  }
  await finished(stream, { writable: false });
  return Buffer.concat(chunks);
}

describe('streams whose bytes arrive during the write itself', () => {
  test('lose nothing and never stop, over pipes in memory that are sometimes full', async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 100_000 }),
      fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 30 }),
      async (highWaterMark, sizes) => {
        const [up, down] = [new PassThrough({ highWaterMark }), new PassThrough({ highWaterMark })];
        const client = new LeanSession({ readable: up, writable: down }, { role: 'client' });
        const server = new LeanSession({ readable: down, writable: up }, { role: 'server', onStream: echo });
        const trips = Array.from({ length: 3 }, async (_, i) => {
          const stream = client.openStream();
          const reading = readAll(stream);
          for (const size of sizes) stream.write(pattern(size, i));
          stream.end();
          return (await reading).equals(Buffer.concat(sizes.map((size) => pattern(size, i))));
        });
        expect(await Promise.all(trips)).toEqual([true, true, true]);
        await Promise.all([client.close(), server.close()]);
      },
    );
    await fc.assert(property, { numRuns: runs(25), ...replay });
  });
});

describe('a session', () => {
  const anyBytes = fc.uint8Array({ maxLength: 300 });
  const nearlyFrame = fc
    .record({
      version: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1),
      type: fc.constantFrom(0, 0, 0, 1, 1, 1, 2, 3, 9),
      flags: fc.nat(31),
      streamId: fc.nat(9),
      length: fc.oneof(fc.nat(40), fc.nat(300 * KiB), fc.constant(0xffff_ffff)),
      payload: fc.uint8Array({ maxLength: 40 }),
      isHonest: fc.boolean(),
    })
    .map(({ length, payload, isHonest, type, ...fields }) => {
      const body = type === 0 ? payload : new Uint8Array(0);
      return encodeFrame({
        ...fields,
        type,
        payload: body,
        length: isHonest && type === 0 ? body.length : length,
      });
    });

  test('survives any bytes and any frames in any chunks: it continues or ends with a code, and holds little memory', async () => {
    const input = fc.array(
      fc.oneof({ weight: 1, arbitrary: anyBytes }, { weight: 9, arbitrary: nearlyFrame }),
      {
        maxLength: 40,
      },
    );
    const property = fc.asyncProperty(input, fc.integer({ min: 1, max: 100 }), async (pieces, size) => {
      const [near, far] = bytePair({ chunkSize: () => size });
      far.resume();
      far.on('error', () => {});
      const session = new LeanSession(near, { role: 'server' });
      const outcome = session.closed.then(
        () => 'clean',
        (error: { code: string }) => error.code,
      );
      session.openStream().write('x');
      far.end(Buffer.concat(pieces));
      const serving = (async () => {
        for await (const accepted of session) {
          accepted.resume();
          if (accepted.id % 4 === 1) accepted.end('answer');
        }
      })().catch(() => {});
      await serving;
      expect(session.streamCount).toBe(0);
      expect(await outcome).toMatch(/^clean$|^MUX_[A-Z_]+$/);
    });
    await fc.assert(property, { numRuns: runs(120), ...replay });
  });
});
