// Prints lines that are made to be slow to read. Each has the beginning of some format or trace, then one
// repeated piece, then an end that no pattern matches. These lines must not make a turn of the host's event
// loop long. The cost of a line must be at most proportional to its length.
import { printable } from '@pipework/core';
import { clientInMemory } from '../lib/memory-pair.mjs';
import { randomOf } from '../lib/random.mjs';
import { rawPlugin } from '../lib/raw-peer.mjs';

export const help = 'plugin output that is made to be slow to read: the longest turn of the event loop';
export const defaults = { minutes: 0, cases: 150, seed: 0, only: -1, boundMs: 50 };

const KiB = 1024;
/** The length of a case in bytes. No line is longer than 64 KiB. */
const caseBytes = 256 * KiB;
/**
 * The maximum number of attempts with one text. A further attempt follows only if reading the text took too
 * long. A busy machine makes one attempt slow, but a super-linear pattern makes every attempt slow.
 */
const attempts = 4;

// prettier-ignore
const pieces = [
  'a', 'A', 'x.', '_', '0', '1', '9;', ' ', '\t', '  ', ':', '::', ': ', ';', ',', '.', '/', '\\', '|', '-', '+', '+-', '=', '^', '#', '<', '>', '(', ')', '[', ']', '{', '}',
  '"', '\\"', "'", "' ", 'Z', 'T', '\r', '\u0000', '\u0007', '\u001b', '\u001b[', '\u001b[1;', 'm', '?', '\u009b', '\u202e', 'é', '🎉', '{"a":', '"a":1,', '[[', '1e9,',
  'Error', 'Exception', 'Error: ', ' [Error]: ', 'Uncaught ', 'Caused by: ', '    at ', 'at ', '} ', 'node:', 'file://', '/app/a.js:1', ':1', 'Node.js v', '<anonymous',
  'Traceback (most recent call last):', '  File "', '", line 1', 'Exception in thread ', 'Exception ignored in: ', 'SyntaxError: ', 'During handling of the above',
  '  + Exception Group ', '  | ', 'panic: ', 'fatal error: ', 'runtime: ', 'SIGHUP: ', 'goroutine 1 [', 'created by ', '\t/x.go:1', "thread '", "' panicked at ", '(1) ',
  'note: ', 'stack backtrace:', 'FATAL ERROR: ', '<--- Last few GCs --->', 'Fatal Python error: ', 'Thread 0x', 'ERROR', 'ERROR ', 'ERROR+2', '[ERROR]', '[ error ]', 'error: ',
  'WARNING:', 'level=', 'level=error ', 'msg="', 'a=b ', 'a="', '2024-01-02', '2024/01/02 ', '03:04:05', '.123', ' - root - ', '[main] ', 'E0102 ', 'E, [', '] ERROR -- : ', '<3>',
  '{"level":30,"msg":"', '{"@message":"', '{"msg":1,', '"}', '}\n{', '\n',
];

/** Returns one random line: a beginning, a piece repeated many times, and an end. */
function lineOf(random) {
  const some = (most) => Array.from({ length: random.below(most + 1) }, () => random.pick(pieces)).join('');
  const begin = some(3);
  const unit = random.pick(pieces) + (random.chance(0.4) ? random.pick(pieces) : '');
  const length = random.pick([1, 40, 300, 4 * KiB, 65_000, 65_000]);
  return `${begin}${unit.repeat(Math.ceil(length / unit.length))}${some(2)}\n`;
}

/**
 * `heads` are the beginnings of all kinds of lines and traces. `units` are the pieces that a line repeats.
 * Each head is tried with each unit, in turn.
 */
const heads = pieces.filter((piece) => piece.length > 2 || '/[{"<'.includes(piece));
const units = pieces.filter((piece) => piece.length <= 3);
const pairsOfCase = 16;

/** Returns a long line of one beginning, one repeated piece, and an end that no pattern matches. */
function pairOf(index) {
  const unit = units[index % units.length];
  const head = heads[Math.floor(index / units.length) % heads.length];
  return `${head}${unit.repeat(Math.floor(65_000 / unit.length))}\u0001x\n`;
}

/**
 * The lines of JSON whose objects cost V8 the most. The objects have indexes as keys. The escape in `msg`
 * makes the host parse the whole line.
 */
const objects = ['{"1020":1}', '{"1020":1,"2500":1,"3300":1}', '{"\\u0031020":1}', '{}', '[]', '"\\b"', '{"\\b":1}'].map(
  (one) => `{"msg":"\\u0007","a":[${Array.from({ length: Math.floor(64_900 / (one.length + 1)) }, () => one).join(',')}]}\n`,
); // prettier-ignore

/** Floods of short lines, which cost the most for each byte. Case 0 begins with these floods. */
const floods = ['{}\n', '/1\n', '\n'].map((line) => line.repeat((1024 * KiB) / line.length));

/**
 * Returns the texts of a case: random lines, and `pairsOfCase` lines from `pairOf`. Case 0 begins with
 * `floods` and `objects`. The texts depend only on `seed`.
 */
function caseOf(seed) {
  const random = randomOf(seed);
  const lines = Array.from({ length: random.between(1, 3) }, () => lineOf(random));
  const text = lines.join('');
  const pairs = Array.from({ length: pairsOfCase }, (_, n) => pairOf(seed * pairsOfCase + n));
  const chance = text.repeat(Math.max(1, Math.floor(caseBytes / text.length)));
  return [...(seed === 0 ? [...floods, ...objects] : []), chance, ...pairs];
}

/**
 * Returns a client and `read(text)`. `read` prints the text on the standard error of the client's plugin, and
 * waits until the client's logger has all of it.
 */
async function openReader() {
  let stderr;
  const awaited = new Map();
  const hear = (message) => awaited.get(message)?.();
  const logger = { trace: hear, debug: hear, info: hear, warn: hear, error: hear };
  const plugin = (end) => {
    stderr = end.stderr;
    rawPlugin(end, { answer: () => {} });
  };
  const client = clientInMemory({ plugin, config: { logger } });
  await client.start();
  let count = 0;
  /**
   * Resolves to the longest turn of the event loop and the total time that the output took, in milliseconds
   * of processor time.
   */
  const read = async (text) => {
    const sentinel = `sentinel ${(count += 1)}`;
    const logged = new Promise((resolve) => awaited.set(sentinel, resolve));
    const bytes = Buffer.from(`${text}\n[INFO] ${sentinel}\n`);
    let isOver = false;
    let longest = 0;
    await new Promise(setImmediate);
    const began = cpu();
    let last = began;
    const turn = () => {
      const now = cpu();
      longest = Math.max(longest, now - last);
      last = now;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    // The bytes are split as a pipe would split them.
    for (let at = 0; at < bytes.length; at += 64 * KiB) stderr.write(bytes.subarray(at, at + 64 * KiB));
    await logged;
    // The turn in which the last line was logged counts as well, because it may have been the only turn.
    await new Promise(setImmediate);
    isOver = true;
    awaited.delete(sentinel);
    return { longest, whole: cpu() - began };
  };
  return { client, read };
}

/** Returns the processor time that this process has used so far, in milliseconds. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * Returns how long the output reader and `printable()` took for one text. Each figure is the minimum of
 * several attempts. The attempts end as soon as the figures are within the bound.
 */
async function runText(text, read, boundMs) {
  const best = { longest: Infinity, whole: Infinity, shown: Infinity };
  const line = text.slice(0, 64 * KiB);
  for (let n = 0; n < attempts && !(best.longest <= boundMs && best.shown <= boundMs); n++) {
    const { longest, whole } = await read(text);
    const began = cpu();
    printable(line);
    const shown = cpu() - began;
    for (const [name, ms] of Object.entries({ longest, whole, shown })) best[name] = Math.min(best[name], ms);
  }
  return best;
}

/** Runs the cases `seed`, `seed + 1` and so on, for `minutes`. If `minutes` is 0, runs `cases` of them. */
export async function run(options, say = () => {}) {
  const { minutes, cases, seed, only, boundMs } = { ...defaults, ...options };
  const { client, read } = await openReader();
  const deadline = performance.now() + minutes * 60_000;
  const first = only >= 0 ? only : seed;
  const more = (index) => (minutes > 0 ? performance.now() < deadline : index < (only >= 0 ? 1 : cases));
  const findings = [];
  const worst = { longest: 0, whole: 0, shown: 0 };
  let count = 0;
  for (; more(count); count++) {
    for (const text of caseOf(first + count)) {
      const took = await runText(text, read, boundMs);
      for (const name of Object.keys(worst)) worst[name] = Math.max(worst[name], took[name]);
      const find = (what) => {
        findings.push(`seed ${first + count}: ${what}, for ${JSON.stringify(text.slice(0, 60))}`);
        say(findings.at(-1));
      };
      if (took.longest > boundMs) find(`a turn of ${Math.round(took.longest)} ms`);
      if (took.shown > boundMs) find(`printable() took ${Math.round(took.shown)} ms`);
      // 1 MiB of the shortest lines takes about 350 ms.
      if (took.whole > 40 * boundMs) find(`the output took ${Math.round(took.whole)} ms`);
    }
  }
  await client.kill();
  const figures = {
    cases: count,
    pairs: `${Math.min(count * pairsOfCase, heads.length * units.length)} of ${heads.length * units.length}`,
    longestTurnMs: Math.round(worst.longest),
    slowestOutputMs: Math.round(worst.whole),
    slowestPrintableMs: Math.round(worst.shown),
  };
  return { findings, figures };
}
