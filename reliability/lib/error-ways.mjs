// The ways in which an error goes from one side to the other. Both sides offer the same methods, so each way
// can be tried in both directions.
import { Readable } from 'node:stream';
import { described, difference } from './arrivals.mjs';
import { randomCarrier, randomThrown } from './random-errors.mjs';
import { randomOf } from './random.mjs';

const thrownOf = (seed) => randomThrown(randomOf(seed));
const carrierOf = (seed) => randomCarrier(randomOf(seed));
/** How many items a source gives before it fails. */
const itemsBefore = (seed) => seed % 4;
const turn = () => new Promise(setImmediate);

async function* counting(seed) {
  for (let i = 0; i < itemsBefore(seed); i++) yield i;
  throw thrownOf(seed).made;
}

/** Sources that give some numbers, and then fail. */
const failing = {
  generator: counting,
  web: (seed) => new ReadableStream(pullFrom(counting(seed)), { highWaterMark: 0 }),
  node: (seed) => {
    const items = counting(seed);
    if (!thrownOf(seed).made) return items; // A Node stream that is destroyed without an error has not failed.
    return new Readable({
      objectMode: true,
      highWaterMark: 1,
      // When a Node stream fails, its unread items are dropped. So this stream fails one turn later.
      read() {
        turn()
          .then(() => items.next())
          .then(
            ({ value }) => this.push(value),
            (error) => this.destroy(error),
          );
      },
    });
  },
};

const pullFrom = (items) => ({
  pull: async (controller) => controller.enqueue((await items.next()).value),
});

async function* carrying(seed) {
  yield carrierOf(seed).made;
}
/** Sources whose only item contains an error. */
const giving = {
  generator: carrying,
  web: (seed) => ReadableStream.from(carrying(seed)),
  node: (seed) => Readable.from(carrying(seed)),
};

/**
 * Maps the seed of an idle source to a promise. When the source is cancelled, the promise resolves with the
 * difference between the reason that arrived and the expected reason.
 */
const told = new Map();
const never = () => new Promise(() => {});

/** Sources that give nothing, and pass the reason of their cancellation to `hear`. */
const idle = {
  generator: (hear) => ({ [Symbol.asyncIterator]: () => ({ next: never, return: hear }) }),
  web: (hear) => new ReadableStream({ pull: never, cancel: hear }),
  node: (hear) => new Readable({ read() {}, destroy: (reason, done) => done(void hear(reason)) }),
};

/** Asks for an item of a stream, and cancels the stream. */
const cancel = {
  generator: (stream, reason) => {
    const items = stream[Symbol.asyncIterator]();
    items.next();
    return items.return(reason);
  },
  web: (stream, reason) => {
    const reader = stream.getReader();
    reader.read();
    return reader.cancel(reason);
  },
  node: (stream, reason) => {
    stream.on('error', () => {}).read();
    stream.destroy(reason);
  },
};

/** Compares the error of a rejected call with the error that is made from `seed`. */
const compareCall = (promise, seed) => compareFailure(promise, seed, { sent: true });

/**
 * When `promise` rejects, compares its error with the error that is made from `seed`. If the latter is an
 * error of pipework, it must also have the fields `marks`.
 */
function compareFailure(promise, seed, marks) {
  const { arrives } = thrownOf(seed);
  if (arrives.class === 'PipeworkError') Object.assign(arrives, marks);
  return promise.then(
    () => 'it did not fail',
    (error) => difference(described(error), arrives),
  );
}

const compareValue = (value, seed) => difference(described(value), carrierOf(seed).arrives);

async function compareStream(source, seed) {
  let items = 0;
  const drain = async () => {
    for await (const item of source) if (item !== items++) throw new Error(`item ${items - 1} is ${item}`);
  };
  const found = await compareFailure(drain(), seed);
  return found ?? (items === itemsBefore(seed) ? undefined : `${items} items came before the failure`);
}

async function compareItems(source, seed) {
  const items = [];
  for await (const item of source) items.push(item);
  return items.length === 1 ? compareValue(items[0], seed) : `${items.length} items came instead of one`;
}

/** The methods that each side offers to the other side. */
export const errorPeer = {
  throws(seed) {
    throw thrownOf(seed).made;
  },
  async rejects(seed) {
    await turn();
    throw thrownOf(seed).made;
  },
  returns: (seed) => carrierOf(seed).made,
  thrower: (seed) => () => errorPeer.throws(seed),
  visit: (seed, take) => take(carrierOf(seed).made),
  failing: (seed, kind) => failing[kind](seed),
  giving: (seed, kind) => giving[kind](seed),
  idle: (seed, kind) => {
    let hear;
    told.set(seed, new Promise((resolve) => (hear = resolve)));
    return idle[kind]((reason) => {
      hear(compareValue(reason, seed));
      return { done: true };
    });
  },
  heard: (seed) => told.get(seed).finally(() => told.delete(seed)),

  // These methods return a difference as text, or undefined.
  comparesArgument: (seed, value) => compareValue(value, seed),
  comparesFailure: (seed, callback) => compareCall(callback(), seed),
  comparesAnswer: async (seed, callback) => compareValue(await callback(), seed),
  comparesStream: (seed, source) => compareStream(source, seed),
  comparesItems: (seed, source) => compareItems(source, seed),

  /** Tries the named way on this side. `peer` has the methods of the other side. */
  tries: (way, peer, seed) => ways[way](peer, seed),
};

const streamKinds = Object.keys(failing);
const forEachKind = (name, way) =>
  Object.fromEntries(streamKinds.map((kind) => [`${name}, ${kind}`, (peer, seed) => way(peer, seed, kind)]));

/**
 * The ways, by name. Each way moves the error that is made from `seed` between this side and the `peer`, and
 * resolves with a difference as text, or with undefined.
 */
const ways = {
  'thrown by a handler': (peer, seed) => compareCall(peer.throws(seed), seed),
  'rejected by a handler': (peer, seed) => compareCall(peer.rejects(seed), seed),
  'in a result': async (peer, seed) => compareValue(await peer.returns(seed), seed),
  'thrown by a function of a result': async (peer, seed) => {
    const thrower = await peer.thrower(seed);
    const found = await compareCall(thrower(), seed);
    thrower[Symbol.dispose]();
    return found;
  },
  'in an argument of a callback': async (peer, seed) => {
    let found = 'the callback was not called';
    await peer.visit(seed, (value) => {
      found = compareValue(value, seed);
    });
    return found;
  },
  ...forEachKind('thrown by a stream of a result', async (peer, seed, kind) =>
    compareStream(await peer.failing(seed, kind), seed),
  ),
  ...forEachKind('in an item of a stream of a result', async (peer, seed, kind) =>
    compareItems(await peer.giving(seed, kind), seed),
  ),
  ...forEachKind('as the reason for which a stream is cancelled', async (peer, seed, kind) => {
    const reason = carrierOf(seed).made;
    if (kind === 'node' && !(reason instanceof Error)) return undefined;
    await cancel[kind](await peer.idle(seed, kind), reason);
    return peer.heard(seed);
  }),
  'in an argument': (peer, seed) => peer.comparesArgument(seed, carrierOf(seed).made),
  'thrown by a callback': (peer, seed) => peer.comparesFailure(seed, () => errorPeer.throws(seed)),
  'rejected by a callback': (peer, seed) => peer.comparesFailure(seed, () => errorPeer.rejects(seed)),
  'in the result of a callback': (peer, seed) => peer.comparesAnswer(seed, () => carrierOf(seed).made),
  ...forEachKind('thrown by a stream of the arguments', (peer, seed, kind) =>
    peer.comparesStream(seed, failing[kind](seed)),
  ),
  ...forEachKind('in an item of a stream of the arguments', (peer, seed, kind) =>
    peer.comparesItems(seed, giving[kind](seed)),
  ),
};
export const wayNames = Object.keys(ways);

/**
 * Moves one error in the named way. If `isBack` is false, the host tries the way, with the plugin as its
 * peer. If `isBack` is true, the plugin tries the way, with the host as its peer. Throws if a wrong error
 * arrived.
 */
export async function moveError({ remote, host, way, isBack, seed }) {
  const found = await (isBack ? remote.tries(way, host, seed) : ways[way](remote, seed));
  if (found !== undefined)
    throw new Error(
      `${way}, ${isBack ? 'tried by the plugin' : 'tried by the host'}, seed ${seed}: ${found}`,
    );
}
