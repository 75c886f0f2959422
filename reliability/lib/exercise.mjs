// Uses a plugin in every way at once, and records how each use ended. A call need not succeed, because its
// peer may be hostile. But each call must end exactly once, and its failure must have a code.
import { isPipeworkError } from '@pipework/core';
import { within } from './bounded.mjs';
import { patternStream } from './worker.mjs';

const drain = async (iterable, most) => {
  let taken = 0;
  for await (const _ of iterable) if (++taken >= most) break;
  return taken;
};

/** Each way of using a worker, by name. */
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

/** How a worker uses the service of its host, for hosts that provide one. */
export const askNames = ['read', 'each', 'count', 'early', 'unknown'].map((how) => {
  const name = `ask ${how}`;
  uses[name] = (w) => w.ask(how);
  return name;
});

/**
 * Starts the client and uses it in every way. Ends it after `holdMs` at the latest. Resolves with `{ name,
 * ms, error? }` for each use, when all have settled. If `describes` is true, describing the plugin is one of
 * the uses. A use that does not settle once the client is gone has the error `STILL_PENDING`.
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
  // The time limit after which a use counts as pending starts when the client has been killed, not before.
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
    // A remote is a proxy. When an async function returns the remote, the remote must not be taken for a
    // promise.
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
 * pipework's files. An error of the peer has whatever name and code the peer gave it, and no stack of this
 * side.
 */
export const isOurBug = (error) => {
  // Finds the code that made the error. The stack of a peer's error begins with the place from which the
  // error came. The code that awaited the error comes below.
  const made = (error.stack ?? '')
    .split('\n')
    .find((line) => /^\s+at /.test(line) && !line.includes('node:'));
  return !isPipeworkError(error) && /packages\/(core|mux)\/(src|dist)/.test(made ?? '');
};

/**
 * Returns what is wrong with an outcome, or undefined. `remote` errors keep the peer's code, if it set one.
 */
export function fault({ name, error }) {
  if (error === undefined) return undefined;
  if (error.code === 'STILL_PENDING') return error.message;
  if (!(error instanceof Error)) return `${name} rejected with what is no Error: ${typeof error}`;
  if (isPipeworkError(error) && typeof error.code !== 'string')
    return `${name} rejected without a code: ${error.stack}`;
  if (isOurBug(error)) return `${name} rejected with a bug's error: ${error.stack}`;
  return undefined;
}
