/**
 * Limits the time for adding keys to the Maps and Sets of a message. V8's hash of numbers and bigints has no
 * seed, so a peer can choose keys with the same hash. V8 compares each such key with all the others: 60,000
 * keys take 6 s.
 */
import { PipeworkError } from '../../base/errors.ts';
import { clock } from '../../base/timers.ts';

/** How many keys were added to the Maps and Sets of one message so far, and how long this took. */
export interface Adding {
  keys: number;
  ms: number;
}

/** How many keys are added before the clocks are read again. */
const pieceKeys = 512;
/** A Map or Set with up to this many keys is not timed, because its keys take at most 0.5 µs each. */
const fewKeys = 32;
/**
 * The keys of one message may take this many milliseconds, and 0.2 µs more for each key. Keys usually take a
 * fraction of this time.
 */
const freeMs = 300;
const msPerKey = 1 / 5_000;

/**
 * Calls `add` with each number below `count`, and counts the calls in `taken`. Throws `RPC_MESSAGE_TOO_LARGE`
 * if the calls take too long.
 */
export function addInPieces(count: number, taken: Adding, add: (at: number) => void): void {
  for (let at = 0; at < count;) {
    const end = Math.min(count, at + pieceKeys);
    const isTimed = count > fewKeys;
    const wall = isTimed ? clock() : 0;
    const cpu = isTimed ? process.cpuUsage() : undefined;
    const from = at;
    for (; at < end; at++) add(at);
    if (cpu === undefined) continue;
    // The smaller of the two times counts, because other processes prolong the wall-clock time, and other
    // threads prolong the CPU time.
    const { user, system } = process.cpuUsage(cpu);
    taken.ms += Math.min(clock() - wall, (user + system) / 1_000);
    taken.keys += end - from;
    if (taken.ms > freeMs + taken.keys * msPerKey) throw tooSlow(taken);
  }
}

function tooSlow({ keys, ms }: Adding): PipeworkError {
  return new PipeworkError(
    'RPC_MESSAGE_TOO_LARGE',
    `the peer sent Maps or Sets whose keys V8 can hardly tell apart: ${keys} of them took ${Math.round(ms)} ms. Send fewer of these numbers in one message, or send them as texts`,
  );
}
