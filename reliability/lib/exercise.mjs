// Uses a plugin in every way at the same time, and records how each use ended. A call may fail, because its
// peer may be hostile. But each call must end exactly once, and each error of pipework must have a code.
import { isPipeworkError } from '@pipework/core';
import { within } from './bounded.mjs';
import { patternStream } from './worker.mjs';

const drain = async (iterable, most) => {
  let taken = 0;
  for await (const _ of iterable) if (++taken >= most) break;
  return taken;
};

/** The calls and streams that use a worker (lib/worker.mjs), by name. */
const uses = {
  echo: (w) => w.echo({ text: 'hello', list: [1, 2, 3], bytes: new Uint8Array(100) }),
  echoTypes: (w) =>
    w.echo([new Map([[1, 2]]), new Set([1]), 10n ** 30n, new Date(0), /x/g, undefined, new Error('e')]),
  echoLarge: (w) => w.echo('y'.repeat(200_000)),
  fail: (w) => w.fail('on purpose'),
  unknown: (w) => w.noSuchMethod(1),
  print: (w) => w.print('printed\n'),
  each: (w) => w.each([1, 2, 3], (item) => item * 2),
  count: async (w) => drain(await w.count(20), 100),
  countEarly: async (w) => drain(await w.count(1e9), 3),
  sum: (w) => w.sum((async function* () { for (let i = 0; i < 10; i++) yield i; })()), // prettier-ignore
  digest: (w) => w.digest(patternStream(300_000)),
  produce: async (w) => drain(await w.produce(300_000), 1e6),
  hang: (w) => w.hang({ signal: AbortSignal.timeout(30) }),
};

export const useNames = Object.keys(uses);

/**
 * The names of further uses, in which the worker calls its host's service. They are only for hosts that
 * provide this service.
 */
export const askNames = ['read', 'each', 'count', 'early', 'unknown'].map((how) => {
  const name = `ask ${how}`;
  uses[name] = (w) => w.ask(how);
  return name;
});

/**
 * Starts the client, uses it in every way, and ends it after `holdMs` at the latest. Resolves with
 * `{ name, ms, error? }` for each use, when all have settled. If `describes` is true, a call of `describe()`
 * is one of the uses. If a use has not settled within `graceMs` after the client was killed, its error is
 * `STILL_PENDING`.
 */
export async function exercise(
  client,
  { holdMs = 250, graceMs = 15_000, names = useNames, describes = false } = {},
) {
  const outcomes = [];
  const note = async (name, promise) => {
    const start = performance.now();
    const error = await promise.then(
      () => undefined,
      (reason) => reason ?? Object.assign(new Error(`rejected with ${reason}`), { code: undefined }),
    );
    outcomes.push({ name, ms: performance.now() - start, error });
    return error;
  };
  let letGo;
  const gone = new Promise((resolve) => {
    letGo = resolve;
  });
  // The time limit of a use starts when the client has been killed, not before.
  const bounded = (name, promise) =>
    note(name, Promise.race([promise, gone.then(() => within(graceMs, name, promise))]));

  const work = (async () => {
    let rpc;
    if (
      await bounded(
        'client',
        client.client().then((value) => void (rpc = value)),
      )
    )
      return;
    let remote;
    const asked = [
      bounded('ping', rpc.ping()),
      ...(describes ? [bounded('describe', rpc.describe())] : []),
      bounded('accept', rpc.broker.accept(rpc.broker.nextId())),
      bounded(
        'dial',
        rpc.broker.dial(9_999).then((stream) => stream.once('error', () => {}).destroy()),
      ),
    ];
    const failed = await bounded(
      'dispense',
      rpc.dispense('worker').then((value) => void (remote = value)),
    );
    // The remote is kept in a variable. If an async function returned the remote, JavaScript would ask this
    // proxy for `then`.
    if (!failed)
      asked.push(
        ...names.map((name) =>
          bounded(
            name,
            Promise.resolve().then(() => uses[name](remote)),
          ),
        ),
      );
    await Promise.all(asked);
  })();
  await Promise.race([work, new Promise((resolve) => setTimeout(resolve, holdMs))]);
  const killed = note('kill', within(graceMs, 'kill', client.kill()));
  await killed;
  letGo();
  await note('exit', within(graceMs, 'exit', client.exit));
  await work;
  return outcomes;
}

/**
 * True for an error that pipework did not mean to throw. Such an error has no code, and its stack begins in
 * pipework's files. An error of the peer can have any name and code, but its stack begins on the peer's side.
 */
export const isOurBug = (error) => {
  // The stack's first line outside of Node shows the code that made the error. The lines below this line may
  // show code that only awaited the error.
  const made = (error.stack ?? '')
    .split('\n')
    .find((line) => /^\s+at /.test(line) && !line.includes('node:'));
  return !isPipeworkError(error) && /packages\/(core|mux)\/(src|dist)/.test(made ?? '');
};

/**
 * Returns the fault of an outcome; undefined if there is none. Only pipework's own errors must have a code.
 */
export function fault({ name, error }) {
  if (error === undefined) return undefined;
  if (error.code === 'STILL_PENDING') return error.message;
  if (!(error instanceof Error)) return `${name} rejected with a value that is no Error: ${typeof error}`;
  if (isPipeworkError(error) && typeof error.code !== 'string')
    return `${name} rejected without a code: ${error.stack}`;
  if (isOurBug(error)) return `${name} rejected with a bug's error: ${error.stack}`;
  return undefined;
}
