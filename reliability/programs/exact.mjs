// Checks that bytes, values and errors arrive exactly as they were sent. First, streams are sent over the mux
// alone. Then values, streams and errors are sent in calls. Everything goes through pipes that cut, join and
// delay chunks at random. The sizes of the windows are random too. These are property tests, and the printed
// seed replays the run.
import { isDeepStrictEqual } from 'node:util';
import { PassThrough } from 'node:stream';
import * as fc from 'fast-check';
import { Client, ref } from '@pipework/core';
import { Session } from '@pipework/mux';
import { within } from '../lib/bounded.mjs';
import { errorPeer, moveError, wayNames } from '../lib/error-ways.mjs';
import { pluginCommand } from '../lib/phases.mjs';
import { clientInMemory, served } from '../lib/memory-pair.mjs';
import { randomOf } from '../lib/random.mjs';
import { Rough } from '../lib/rough.mjs';
import { smallValue } from '../lib/small-values.mjs';
import { watch } from '../lib/watch.mjs';
import { pattern, patternDigest, patternStream, worker } from '../lib/worker.mjs';

export const help =
  'streams, values and errors arrive exactly as they were sent, through random chunking, delays and windows';
export const defaults = { minutes: 0, runs: 15, seed: 0 };
/**
 * The number of small calls that a run makes over rough pipes (lib/rough.mjs). Over the pipes of a process,
 * which are faster, a run makes ten times as many calls.
 */
const manyCalls = 300;
/**
 * The number of calls that send an error over rough pipes. Over the pipes of a process, there are ten times
 * as many.
 */
const manyErrors = 60;

const rough = (random) => {
  const pipe = new Rough({ random: random.fork() });
  const entry = new PassThrough();
  entry.pipe(pipe);
  return { entry, exit: pipe };
};

/** Writes `length` bytes of the pattern in random pieces, and ends the stream. */
async function send(stream, random, length, count) {
  for (let offset = 0; offset < length;) {
    const size = Math.min(length - offset, 1 + random.length(200_000));
    count.operations++;
    if (!stream.write(pattern(offset, size))) await new Promise((resolve) => stream.once('drain', resolve));
    if (random.chance(0.1)) await new Promise(setImmediate);
    offset += size;
  }
  stream.end();
}

/** Reads to the end with random pauses, and compares every byte with the pattern. */
async function receive(stream, random, length, count) {
  let offset = 0;
  for await (const chunk of stream) {
    count.operations++;
    if (!chunk.equals(pattern(offset, chunk.length)))
      throw new Error(`wrong bytes at ${offset} of ${length}`);
    offset += chunk.length;
    if (random.chance(0.05)) await new Promise(setImmediate);
  }
  if (offset !== length) throw new Error(`${offset} bytes of ${length} arrived`);
  count.bytes += length;
}

/** Sends streams both ways between two sessions. */
async function streams({ seed, lengths }, count) {
  const random = randomOf(seed);
  const [down, up] = [rough(random), rough(random)];
  const window = () => random.pick([262_144, 300_000, 1_048_576]);
  const client = new Session(
    { readable: up.exit, writable: down.entry },
    { role: 'client', maxStreamWindowSize: window() },
  );
  const server = new Session(
    { readable: down.exit, writable: up.entry },
    { role: 'server', maxStreamWindowSize: window() },
  );
  const both = async (session, mine) => {
    const peer = session === client ? server : client;
    const [near, accepted] = [session.openStream(), peer.acceptStream()];
    const head = Buffer.alloc(8);
    head.writeUInt32BE(mine[0], 0);
    head.writeUInt32BE(mine[1], 4);
    near.write(head);
    // Streams may be accepted in another order than they were opened, so the far end reads a stream's lengths
    // from the stream itself.
    const far = await accepted;
    const told = await readExactly(far, 8);
    const [there, back] = [told.readUInt32BE(0), told.readUInt32BE(4)];
    await Promise.all([
      send(near, random.fork(), mine[0], count),
      receive(near, random.fork(), mine[1], count),
      receive(far, random.fork(), there, count),
      send(far, random.fork(), back, count),
    ]);
  };
  await within(
    60_000,
    `streams of seed ${seed}`,
    Promise.all(lengths.map((mine, i) => both(i % 2 ? server : client, mine))),
  );
  await within(5_000, 'both closes', Promise.all([client.close(), server.close()]));
}

async function readExactly(stream, length) {
  for (;;) {
    const bytes = stream.read(length);
    if (bytes) return bytes;
    await new Promise((resolve) => stream.once('readable', resolve));
  }
}

const bytes = fc.uint8Array({ maxLength: 5_000 });
const leaf = fc.oneof(
  fc.constantFrom(null, undefined, true, false, NaN, Infinity, -Infinity, -0, 2 ** 53 - 1, -(2 ** 53) + 1),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt(),
  fc.string({ unit: 'binary', maxLength: 3_000 }),
  fc.date({ noInvalidDate: true }),
  bytes,
  bytes.map((array) => Buffer.from(array)),
  fc.float32Array({ maxLength: 50 }),
  fc.bigUint64Array({ maxLength: 50 }),
  fc.constantFrom(/a+b/gi, new URL('https://example.org/a?b#c')),
);
const key = fc.string({ maxLength: 20 }).filter((text) => text !== '__proto__');
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 8 }),
    fc.dictionary(key, tie('value'), { maxKeys: 8, noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
    fc.array(leaf, { maxLength: 5 }).map((items) => new Set(items)),
  ),
}));

const plugins = { worker, errors: () => errorPeer };

/** Exchanges values and streams over rough pipes in memory. */
async function calls(input, count) {
  const random = randomOf(input.seed);
  const pipe = () => new Rough({ random: random.fork() });
  const client = clientInMemory({ plugin: served(plugins), up: pipe, down: pipe });
  try {
    await exchange(client, random, input, count);
  } finally {
    await client.kill();
  }
}

/**
 * Exchanges values and streams over the pipes of a real process. These pipes reuse read buffers. All runs of
 * this program share one plugin process.
 */
async function processes(input, count, shared) {
  shared.client ??= new Client({ cmd: pluginCommand() });
  await exchange(shared.client, randomOf(input.seed), input, count);
}

/** Sends values and byte streams in many calls at the same time. */
async function exchange(client, random, { seed, values, lengths }, count) {
  const remote = await (await client.client()).dispense('worker').then((one) => ({ one }));
  const echo = async (value) => {
    count.operations++;
    const back = await remote.one.echo(value);
    if (!isDeepStrictEqual(back, value))
      throw new Error(`${fc.stringify(value)} came back as ${fc.stringify(back)}`);
  };
  const upload = async (length) => {
    count.operations++;
    count.bytes += length;
    const { length: arrived, sha256 } = await remote.one.digest(
      patternStream(length, 1 + random.length(100_000)),
    );
    if (arrived !== length || sha256 !== patternDigest(length))
      throw new Error(`${arrived} bytes of ${length}, or others`);
  };
  const download = async (length) => {
    count.operations++;
    let offset = 0;
    for await (const chunk of await remote.one.produce(length, 1 + random.length(100_000))) {
      if (!Buffer.from(chunk).equals(pattern(offset, chunk.length)))
        throw new Error(`wrong bytes at ${offset}`);
      offset += chunk.length;
    }
    if (offset !== length) throw new Error(`${offset} bytes of ${length} came`);
    count.bytes += length;
  };
  // A faulty cache of method names might compare only the length and a few bytes of a name, and so confuse
  // `print` and `count`. Such a fault shows only if both names are read from the same place in memory. So
  // these calls are made one at a time.
  const alike = async () => {
    count.operations += 2;
    if ((await remote.one.print('')) !== undefined) throw new Error('print was answered by another method');
    for await (const n of await remote.one.count(1))
      if (n !== 1) throw new Error('count was answered by another');
  };
  for (let turn = 0; turn < 3; turn++) await alike();
  const all = [...values.map(echo), ...lengths.flatMap((length) => [upload(length), download(length)])];
  await within(60_000, `calls of seed ${seed}`, Promise.all(all));
}

/** Returns the beginning of a value's text. The seed reproduces the whole value. */
const show = (value) => fc.stringify(value).slice(0, 1_000);

/**
 * Runs `turn(remote, random)` in `width` concurrent loops, over rough pipes or over the pipes of a real
 * process. `remote` calls the plugin's implementation that is called `name`. All loops together make `times`
 * turns over rough pipes, or ten times as many over the pipes of a process.
 */
async function lanes({ seed, width, isReal }, { name, times }, shared, turn) {
  const random = randomOf(seed);
  const pipe = () => new Rough({ random: random.fork() });
  if (isReal) shared.client ??= new Client({ cmd: pluginCommand() });
  const client = isReal ? shared.client : clientInMemory({ plugin: served(plugins), up: pipe, down: pipe });
  const remote = await (await client.client()).dispense(name).then((one) => ({ one }));
  let left = times * (isReal ? 10 : 1);
  const lane = async () => {
    while (left-- > 0) await turn(remote.one, random);
  };
  try {
    await within(60_000, `calls of seed ${seed}`, Promise.all(Array.from({ length: width }, lane)));
  } finally {
    if (!isReal) await client.kill();
  }
}

/** Sends many small values. */
const many = (input, count, shared) =>
  lanes(input, { name: 'worker', times: manyCalls }, shared, async (worker, random) => {
    count.operations++;
    const value = smallValue(random);
    const back = random.chance(0.05)
      ? await turnBack(worker, value, random, count)
      : await worker.echo(value);
    if (!isDeepStrictEqual(back, value)) throw new Error(`${show(value)} came back as ${show(back)}`);
  });

/** Sends many errors, in all ways and both directions. */
const errors = (input, count, shared) =>
  lanes(input, { name: 'errors', times: manyErrors }, shared, (remote, random) => {
    count.operations++;
    const way = random.pick(wayNames);
    return moveError({ remote, host, way, isBack: random.chance(0.5), seed: random.u32() });
  });
const host = ref(errorPeer);

/**
 * Sends a value to the plugin, up to five times in one call. The plugin passes each copy to a callback.
 * Returns the last copy.
 */
async function turnBack(one, value, random, count) {
  let last;
  const items = Array.from({ length: random.between(1, 5) }, () => value);
  await one.each(items, (item) => {
    count.operations++;
    last = item;
    if (!isDeepStrictEqual(item, value)) throw new Error(`${show(value)} was handed over as ${show(item)}`);
  });
  return last;
}

const seeds = fc.integer({ min: 0, max: 0x7fff_ffff });
const size = fc.oneof(
  fc.nat(1_000),
  fc.nat(400_000),
  fc.constantFrom(0, 1, 65_535, 65_536, 262_143, 262_144, 262_145),
);
const properties = {
  streams: fc.record({
    seed: seeds,
    lengths: fc.array(fc.tuple(size, size), { minLength: 1, maxLength: 8 }),
  }),
  calls: fc.record({
    seed: seeds,
    values: fc.array(anyValue, { maxLength: 40 }),
    lengths: fc.array(size, { maxLength: 3 }),
  }),
  many: fc.record({ seed: seeds, width: fc.integer({ min: 1, max: 200 }), isReal: fc.boolean() }),
  errors: fc.record({ seed: seeds, width: fc.integer({ min: 1, max: 50 }), isReal: fc.boolean() }),
};
const checks = { streams, calls, processes, many, errors };
properties.processes = properties.calls;

export async function run(options, say = () => {}) {
  const { minutes, runs, seed, only = Object.keys(checks) } = { ...defaults, ...options };
  const watched = watch({ fatalStallMs: minutes > 0 ? 60_000 : undefined });
  const chosen = seed || Math.trunc(Math.random() * 0x7fff_ffff);
  const findings = [];
  const shared = { client: undefined };
  const count = { runs: 0, operations: 0, bytes: 0 };
  const deadline = performance.now() + minutes * 60_000;
  for (let round = 0; round === 0 || (performance.now() < deadline && findings.length === 0); round++) {
    for (const name of only) {
      const check = (input) => {
        count.runs++;
        return checks[name](input, count, shared);
      };
      const details = await fc.check(fc.asyncProperty(properties[name], check), {
        seed: chosen + round,
        numRuns: runs,
        interruptAfterTimeLimit: minutes > 0 ? Math.max(1_000, deadline - performance.now()) : undefined,
      });
      if (details.failed && !details.interrupted)
        findings.push(`${name}: ${String(details.errorInstance)}\n${fc.defaultReportMessage(details)}`);
    }
    if (round % 10 === 9) say(`${count.runs} runs, ${count.operations} operations`);
  }
  await shared.client?.kill();
  const { uncaught, longestStallMs } = await watched.stop();
  findings.push(...uncaught);
  return { findings, figures: { seed: chosen, ...count, longestStallMs } };
}
