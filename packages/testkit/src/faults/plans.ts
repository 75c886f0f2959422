/** Makes the faults that can be put between a host and a plugin. */
import { ACK, encodeFrame, FrameReader, headerBytes, initialWindow, SYN } from '../wire/yamux.ts';
import type { Fault, FaultEvent } from './fault.ts';
import { freshSeed, Random } from './random.ts';

function wholeNumber(value: number, option: string, least = 0): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new TypeError(
    `${option}: expected a whole number of at least ${String(least)}; got ${String(value)}`,
  );
}

/** Makes every byte arrive in a separate chunk. */
export function everyByte(): Fault {
  return chunksOf('split at every byte', () => 1);
}

/** Makes bytes arrive in chunks of 1 to `max` bytes (64 by default). `seed` decides the sizes. */
export function chunks({ seed = freshSeed(), max = 64 }: { seed?: number; max?: number } = {}): Fault {
  wholeNumber(max, 'faults.chunks({ max })', 1);
  const name = `chunks of 1 to ${String(max)} bytes by seed ${String(seed)}`;
  return {
    name,
    begin: () => {
      const random = new Random(seed);
      return chunksOf(name, () => random.between(1, max)).begin();
    },
  };
}

function chunksOf(name: string, size: () => number): Fault {
  return {
    name,
    begin: () => ({
      *push(chunk) {
        for (let at = 0; at < chunk.length;) {
          const end = Math.min(at + size(), chunk.length);
          yield { bytes: chunk.subarray(at, end) };
          at = end;
        }
      },
    }),
  };
}

/**
 * Makes each chunk wait `ms`, or from `min` to `max` milliseconds. `seed` decides these times. The chunks
 * keep their order.
 */
export function delay(ms: number | { min: number; max: number; seed?: number }): Fault {
  const { min, max, seed = freshSeed() } = typeof ms === 'number' ? { min: ms, max: ms } : ms;
  wholeNumber(min, 'faults.delay: min');
  wholeNumber(max, 'faults.delay: max', min);
  return {
    name:
      min === max
        ? `delay of ${String(min)} ms`
        : `delay of ${String(min)} to ${String(max)} ms by seed ${String(seed)}`,
    begin: () => {
      const random = new Random(seed);
      return {
        *push(chunk) {
          yield { waitMs: random.between(min, max) };
          yield { bytes: chunk };
        },
      };
    },
  };
}

/** Lets `after` bytes pass, and then nothing more until the direction is resumed. */
export function stall({ after = 0 }: { after?: number } = {}): Fault {
  wholeNumber(after, 'faults.stall({ after })');
  return onceAfter(`stall after ${String(after)} bytes`, after, [{ stall: true }], 'goes on');
}

/**
 * Lets `after` bytes pass, and then ends the direction. With `eof` the pipe looks closed, and with `error` it
 * looks broken.
 */
export function cut({ after = 0, how = 'eof' }: { after?: number; how?: 'eof' | 'error' } = {}): Fault {
  wholeNumber(after, 'faults.cut({ after })');
  return onceAfter(`cut after ${String(after)} bytes (${how})`, after, [{ end: how }], 'ends');
}

function onceAfter(name: string, after: number, events: FaultEvent[], then: 'goes on' | 'ends'): Fault {
  return {
    name,
    begin: () => {
      let left = after;
      let hasEnded = false;
      return {
        *push(chunk) {
          if (hasEnded) {
            if (then === 'goes on') yield { bytes: chunk };
            return;
          }
          if (left > 0) yield { bytes: chunk.subarray(0, left) };
          if (chunk.length < left) {
            left -= chunk.length;
            return;
          }
          hasEnded = true;
          yield* events;
          if (then === 'goes on' && left < chunk.length) yield { bytes: chunk.subarray(left) };
        },
      };
    },
  };
}

/** Inverts the bits of `mask` (all of them by default) in byte number `at`, counted from 0. */
export function corrupt({ at, mask = 0xff }: { at: number; mask?: number }): Fault {
  wholeNumber(at, 'faults.corrupt({ at })');
  return {
    name: `byte ${String(at)} corrupted by 0x${mask.toString(16)}`,
    begin: () => {
      let seen = 0;
      return {
        *push(chunk) {
          const index = at - seen;
          seen += chunk.length;
          if (index < 0 || index >= chunk.length) yield { bytes: chunk };
          else yield { bytes: chunk.map((byte, i) => (i === index ? byte ^ mask : byte)) };
        },
      };
    },
  };
}

/**
 * Ends the direction in the frame that contains byte `after`. Only the first half of that frame arrives. If
 * the direction begins with a handshake line, the whole line passes.
 */
export function truncate({ after = 0 }: { after?: number } = {}): Fault {
  wholeNumber(after, 'faults.truncate({ after })');
  return {
    name: `last frame truncated, after ${String(after)} bytes`,
    begin: () => {
      let passed = 0;
      return byFrames((bytes) => {
        passed += bytes.length;
        if (passed <= after) return [{ bytes }];
        return [{ bytes: bytes.subarray(0, Math.ceil(bytes.length / 2)) }, { end: 'eof' }];
      });
    },
  };
}

/**
 * Narrows the window of each stream to `bytes` after the stream's first 256 KiB are used up. The fault holds
 * back further credit, as if the reader took little at a time. Use this fault on the direction that carries
 * credit.
 */
export function narrowWindows({ bytes = 1024 }: { bytes?: number } = {}): Fault {
  wholeNumber(bytes, 'faults.narrowWindows({ bytes })', 1);
  return {
    name: `windows of ${String(bytes)} bytes`,
    begin: () => {
      const keptBack = new Map<number, number>();
      return byFrames((raw, frame) => {
        if (frame?.type !== 'window-update' || frame.length === 0) return [{ bytes: raw }];
        // Credit in a frame that opens or acknowledges a stream widens the window. That credit does not
        // replace used credit, so the fault holds all of it back.
        if ((frame.flags & (SYN | ACK)) !== 0) return [{ bytes: encodeFrame({ ...frame, length: 0 }) }];
        const kept = keptBack.get(frame.id) ?? 0;
        const keep = Math.min(frame.length, Math.max(0, initialWindow - bytes - kept));
        keptBack.set(frame.id, kept + keep);
        if (keep === frame.length && frame.flags === 0) return [];
        return [{ bytes: encodeFrame({ ...frame, length: frame.length - keep }) }];
      });
    },
  };
}

type OnFrame = (bytes: Uint8Array, frame?: ReturnType<FrameReader['pendingHeader']>) => FaultEvent[];

/** Makes a step that receives whole frames. A handshake line before them passes unchanged. */
function byFrames(onFrame: OnFrame): ReturnType<Fault['begin']> {
  const reader = new FrameReader();
  let mode: 'unknown' | 'line' | 'frames' = 'unknown';
  return {
    *push(chunk) {
      let rest = chunk;
      // A frame begins with version 0, and a handshake line begins with printable ASCII.
      if (mode === 'unknown' && rest.length > 0) mode = rest[0] === 0 ? 'frames' : 'line';
      if (mode === 'line') {
        const end = rest.indexOf(10) + 1;
        yield { bytes: end === 0 ? rest : rest.subarray(0, end) };
        if (end === 0) return;
        mode = 'frames';
        rest = rest.subarray(end);
      }
      for (const frame of reader.push(rest)) yield* onFrame(encodeFrame(frame), frame);
    },
    *end() {
      if (reader.pendingBytes >= headerBytes) yield* onFrame(encodeFrame(reader.pendingHeader()));
    },
  };
}
