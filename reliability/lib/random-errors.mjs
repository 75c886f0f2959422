// Random errors, and the errors that must arrive for them: see docs/calls.md. The same seed makes the same
// errors in each process, so each side knows what the other side threw.
import { Arrival, isShown, threw } from './arrivals.mjs';
import { kinds } from './error-kinds.mjs';
import { oddText, printed } from './odd-text.mjs';
import { smallValue } from './small-values.mjs';

/** Stands for a field, cause or member that is left out and does not arrive. */
const nothing = Symbol('nothing');
const deepest = 3;
/** Errors are sent up to this many levels deep. */
const errorLevels = 16;

const unchanged = (value) => ({ made: value, arrives: value });

/**
 * Returns an error or another value to throw, as `{ made, arrives }`. `made` is the value, and `arrives`
 * describes what must arrive for it.
 */
export function randomThrown(random) {
  if (random.chance(0.02)) return chain(random.between(14, 20));
  if (random.chance(0.85)) return randomError(random, 0);
  const { made, arrives } = random.chance(0.3) ? unchanged(undefined) : randomValue(random, 1);
  return { made, arrives: thrownArrival(made, arrives) };
}

/** Returns a value that can be sent and contains errors, as `{ made, arrives }`. */
export const randomCarrier = (random) =>
  random.chance(0.5) ? randomError(random, 0) : withErrors(random, 0);

/**
 * If a handler throws a value that is not an error, the caller gets an error whose field `thrown` is the
 * value. Returns the description of this error.
 */
function thrownArrival(made, arrives) {
  const message = isShown(arrives) ? printed(threw + String(made)) : threw;
  const fields = arrives === nothing ? {} : { thrown: arrives };
  return new Arrival({ class: 'RemoteError', name: '', message, fields, namesTheCall: true });
}

/** Returns an error with `length - 1` causes, one within the other. */
function chain(length) {
  let made;
  let arrives;
  for (let level = length; level > 0; level--) {
    made = new Error(`level ${level}`, made && { cause: made });
    made.stack = 'a stack';
    const message = `level ${level}`;
    const cause = arrives && { cause: arrives };
    const parts = { class: 'Error', name: 'Error', message, fields: {}, remoteStack: 'a stack' };
    if (level <= errorLevels) arrives = new Arrival({ ...parts, ...cause, namesTheCall: true });
  }
  return { made, arrives };
}

function randomError(random, depth) {
  const kind = random.pick(kinds)({
    random,
    message: oddText(random),
    text: () => oddText(random),
    inner: () => randomInner(random, depth + 1),
    value: () => travelling(random, depth + 1),
    isOuter: depth === 0,
  });
  const { type, name, code, errors, fields = {} } = kind;
  const error = type !== 'DOMException' && random.chance(0.03) ? new Proxy(kind.error, {}) : kind.error;
  const parts = {
    class: type === 'Error' && name !== 'Error' ? 'RemoteError' : type,
    name: printed(name),
    message: printed(error.message),
    fields,
    namesTheCall: true,
  };
  if (code !== undefined) parts.code = code;
  if (errors !== undefined) parts.errors = errors;
  if (code === undefined && random.chance(0.4)) addCode(error, parts, random, depth);
  if (random.chance(0.3)) addCause(error, parts, random, depth);
  for (let left = random.below(5); left > 0; left--) addField(error, parts.fields, random, depth);
  addStack(error, parts, random);
  if (random.chance(0.05)) Object.freeze(error);
  return { made: error, arrives: new Arrival(parts) };
}

/** Returns an error or another value, to be the cause of an error or a member of its list `errors`. */
function randomInner(random, depth) {
  if (depth < deepest && random.chance(0.6)) return randomError(random, depth);
  if (random.chance(0.05)) return { made: Symbol('s'), arrives: untoldArrival('Symbol(s)') };
  return travelling(random, depth);
}

/**
 * If a cause or a member cannot be sent, an error arrives in its place. Returns the description of this
 * error.
 */
const untoldArrival = (text) =>
  new Arrival({
    class: 'RemoteError',
    name: '',
    message: `a value that cannot travel: ${text}`,
    fields: {},
    namesTheCall: true,
  });

function randomValue(random, depth) {
  if (random.chance(0.15)) return { made: random.pick(unsendable)(), arrives: nothing };
  return travelling(random, depth);
}

function travelling(random, depth) {
  if (depth < deepest && random.chance(0.2)) return withErrors(random, depth);
  if (random.chance(0.6)) return unchanged(smallValue(random, 1));
  const text = oddText(random);
  return { made: text, arrives: text.toWellFormed() };
}

const unsendable = [
  () => () => 1,
  () => Symbol('s'),
  () => Promise.resolve(1),
  () => new (class Point {})(),
  () => ({ deep: [() => 1] }),
  () => {
    const cycle = [];
    cycle.push({ cycle });
    return cycle;
  },
];

/** Returns a value that contains one error or more. */
function withErrors(random, depth) {
  const { made, arrives } = randomError(random, depth + 1);
  const wrap = random.pick([
    (one) => [one, 1],
    (one) => ({ inner: one, other: 'text' }),
    (one) => new Map([['inner', one]]),
    (one) => new Set([one]),
    (one) => Array.from({ length: 9 }, (_, row) => ({ row, error: row === 4 ? one : undefined })),
  ]);
  return { made: wrap(made), arrives: wrap(arrives) };
}

const define = (error, key, value, enumerable) =>
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });

function addCode(error, parts, random, depth) {
  const { made, arrives } = random.chance(0.3) ? unchanged('E_FAIL') : randomValue(random, depth + 1);
  define(error, 'code', made, true);
  if (arrives !== nothing) parts.code = typeof arrives === 'string' ? printed(arrives) : arrives;
}

function addCause(error, parts, random, depth) {
  const isItself = random.chance(0.05);
  const { made, arrives } = isItself ? { made: error } : randomInner(random, depth + 1);
  define(error, 'cause', made, random.chance(0.3));
  if (!isItself) parts.cause = arrives;
}

const keys = ['errors', 'detail', 'status', 'data', 'type', 'thrown', 'toJSON', '0', '3', '1020', '', 'a b'];
/**
 * Fields with these names are not sent, because pipework sets them itself, or JavaScript reads them on any
 * error.
 */
const namesLeftOut = [
  'then',
  'toString',
  'constructor',
  'hasOwnProperty',
  '__proto__',
  'sent',
  'remoteStack',
];

function addField(error, fields, random, depth) {
  const isLeftOut = random.chance(0.1);
  const key = isLeftOut ? random.pick(namesLeftOut) : random.chance(0.7) ? random.pick(keys) : oddKey(random);
  if (Object.hasOwn(error, key)) return;
  const { made, arrives } = isLeftOut
    ? unchanged(smallValue(random, 2)) // A function named `then` would make the error a promise.
    : random.chance(0.05)
      ? { made: [error], arrives: nothing }
      : randomValue(random, depth + 1);
  // The field `errors` of any error is sent, even if it is not enumerable.
  const isHidden = key !== 'errors' && random.chance(0.05);
  if (random.chance(0.1)) Object.defineProperty(error, key, { get: () => made, enumerable: !isHidden });
  else define(error, key, made, !isHidden);
  if (!isLeftOut && !isHidden && arrives !== nothing) fields[key.toWellFormed()] = arrives;
}

/** Returns a key that differs from the names of an error's own parts. */
const oddKey = (random) => `k ${oddText(random)}`;

/**
 * Replaces the error's stack, which depends on the code that made the error. The new stack is the same in
 * each process.
 */
function addStack(error, parts, random) {
  const frames = `Error: ${oddText(random)}\n    at made (file.js:1:1)`;
  const stack = random.chance(0.8) ? frames : random.pick(['', undefined, 5]);
  define(error, 'stack', stack, false);
  if (typeof stack === 'string') parts.remoteStack = printed(stack);
}
