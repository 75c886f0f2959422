// Describes values that arrived, and compares them with what must arrive.
import { inspect, isDeepStrictEqual } from 'node:util';
import { PipeworkError, RemoteError } from '@pipework/core';

/**
 * The description of an error that arrived, or that must arrive. Two descriptions are compared field by
 * field.
 */
export class Arrival {
  /**
   * `class` is the name of the error's class. `code`, `cause`, `errors` and `remoteStack` are absent if the
   * error has none. `fields` has the error's other own fields. If the error has a field `sent`, the
   * description has it too, because only errors of pipework may arrive with this field.
   */
  constructor(parts) {
    Object.assign(this, parts);
  }
}

const classes = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError]
    .concat(DOMException, PipeworkError, RemoteError, globalThis.SuppressedError ?? [])
    .map((Class) => [Class.prototype, Class.name]),
);
/**
 * If a handler throws a value that is not an error, the caller gets an error whose message begins with these
 * words.
 */
export const threw = 'the handler threw ';

/** Returns the value with an {@link Arrival} in place of each error. */
export function described(value) {
  if (value instanceof Error) return describedError(value);
  if (Array.isArray(value)) return value.map(described);
  if (value instanceof Map) return new Map([...value].map((entry) => entry.map(described)));
  if (value instanceof Set) return new Set([...value].map(described));
  return isPlain(value) ? mapFields(value, described) : value;
}

function describedError(error) {
  const head = Error.prototype.toString.call(error);
  const fields = fieldsOf(error);
  const parts = {
    class: classes.get(Object.getPrototypeOf(error)) ?? `another ${error.constructor.name}`,
    name: error.name,
    message: messageOf(error, fields),
    fields,
    namesTheCall: error.stack.startsWith(`${head}\n    at `),
  };
  if ('code' in error) parts.code = described(error.code);
  for (const key of ['cause', 'errors']) if (isHidden(error, key)) parts[key] = described(error[key]);
  for (const key of ['remoteStack', 'sent']) if (Object.hasOwn(error, key)) parts[key] = error[key];
  return new Arrival(parts);
}

function fieldsOf(error) {
  const { code: _, name: _name, ...fields } = mapFields(error, described);
  for (const key of ['error', 'suppressed']) if (isHidden(error, key)) fields[key] = described(error[key]);
  return fields;
}

/**
 * True if the message of the error that the caller gets must show the thrown `value`. The docs don't say how
 * the message shows other values.
 */
export const isShown = (value) =>
  value === null ||
  ['undefined', 'boolean', 'number'].includes(typeof value) ||
  (typeof value === 'string' && value.length <= 1_000);

function messageOf({ name, message }, fields) {
  const isOfValue = name === '' && message.startsWith(threw);
  return isOfValue && !('thrown' in fields && isShown(fields.thrown)) ? threw : message;
}

const isHidden = (error, key) => Object.getOwnPropertyDescriptor(error, key)?.enumerable === false;
const isPlain = (value) =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
const mapFields = (object, map) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));

/**
 * Returns the first difference between a description and the expected one, with the path to it; undefined if
 * there is none.
 */
export function difference(came, expected, path = 'it') {
  if (isDeepStrictEqual(came, expected)) return undefined;
  if (isPair(came, expected, isCollection)) return difference([...came], [...expected], path);
  const isSameKind = isPair(came, expected, Array.isArray) || isPair(came, expected, hasFields);
  const keys = isSameKind ? Object.keys({ ...came, ...expected }) : [];
  for (const key of keys) {
    const inner = difference(came[key], expected[key], `${path}.${key}`);
    if (inner !== undefined) return inner;
  }
  return `${path} arrived as ${show(came)} instead of ${show(expected)}`;
}

const isCollection = (value) => value instanceof Map || value instanceof Set;
const hasFields = (value) => isPlain(value) || value instanceof Arrival;
const isPair = (one, other, is) => is(one) && is(other);
const show = (value) =>
  inspect(value, { depth: 3, maxStringLength: 500, maxArrayLength: 10 }).slice(0, 2_000);
