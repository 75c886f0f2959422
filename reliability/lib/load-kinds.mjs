// The kinds of load that programs/soak.mjs mixes. Each kind does one thing, and throws if the answer is
// wrong.
import { pattern, patternDigest, patternStream } from './worker.mjs';

const must = (condition, what) => {
  if (!condition) throw new Error(`wrong answer: ${what}`);
};

const digests = new Map();
const digestOf = (length) => {
  if (!digests.has(length)) digests.set(length, patternDigest(length));
  return digests.get(length);
};
const sizes = [1_000, 65_536, 500_000];

async function call(worker, random) {
  const value = { n: random.u32(), s: 'x'.repeat(random.length(2_000)) };
  const back = await worker.echo(value);
  must(back.n === value.n && back.s === value.s, 'echo');
}

async function callback(worker) {
  must((await worker.each([1, 2, 3], (item) => item + 1)) === 9, 'each');
}

async function iteration(worker, random) {
  const to = random.below(50);
  let n = 0;
  for await (const item of await worker.count(to)) must(item === ++n, `count at ${n}`);
  must(n === to, `count to ${to} gave ${n}`);
}

async function iterationLeftEarly(worker) {
  for await (const n of await worker.count(1e9)) if (n === 5) break;
}

async function upload(worker, random) {
  const size = random.pick(sizes);
  must((await worker.digest(patternStream(size))).sha256 === digestOf(size), 'digest');
}

async function download(worker, random) {
  const size = random.pick(sizes);
  let length = 0;
  for await (const chunk of await worker.produce(size)) length += chunk.length;
  must(length === size, `produce of ${size} gave ${length}`);
}

async function downloadLeftEarly(worker) {
  for await (const _ of await worker.produce(1e12)) break;
}

async function output(worker) {
  await worker.print('a line of output\n');
}

async function failure(worker) {
  const error = await worker.fail('on purpose').then(
    () => undefined,
    (reason) => reason,
  );
  must(error?.code === 'WORKER_FAILED' && error.message === 'on purpose', `fail gave ${error?.stack}`);
}

async function cancellation(worker, random) {
  const controller = new AbortController();
  const hanging = worker.hang({ signal: controller.signal });
  setTimeout(() => controller.abort(), random.below(5));
  const error = await hanging.then(
    () => undefined,
    (reason) => reason,
  );
  must(error instanceof Error, 'a cancelled call resolved');
}

async function binary(worker, random) {
  const bytes = pattern(random.below(1_000), random.pick([100, 10_000, 100_000, 1_000_000]));
  must(bytes.equals(await worker.echo(bytes)), 'bytes');
}

const weights = [
  [40, call],
  [10, callback],
  [10, iteration],
  [5, iterationLeftEarly],
  [5, upload],
  [5, download],
  [2, downloadLeftEarly],
  [10, output],
  [5, failure],
  [5, cancellation],
  [8, binary],
];

/**
 * Each kind of load stands in this list `weight` times, so that a random pick chooses it in proportion to its
 * weight.
 */
export const loadKinds = weights.flatMap(([weight, kind]) => Array.from({ length: weight }, () => kind));
