// Implements the capabilities `types` and `refs` for plugin.mjs: finds invalid values, and sends references
// back.
import { Ext, Float } from './values.mjs';

const REFERENCES = 'fosc';
const STREAMS = 'iwrq';
const isText = (value) => typeof value === 'string';

/**
 * A mark is the first element of an array, and says what the other elements mean (a Map, for example). For
 * each mark, this table has a function that returns true if the other elements are valid.
 */
const marked = {
  b: (rest) => rest.length === 1 && (Number.isInteger(rest[0]) || typeof rest[0] === 'bigint'),
  D: (rest) => rest.length === 0,
  E: (rest) => rest.length === 1 && rest[0] instanceof Map,
  M: (rest) => rest.length % 2 === 0,
  R: (rest) => rest.length === 2 && rest.every(isText),
  S: () => true,
  T: (rest) => rest.length === 2 && isText(rest[0]) && rest[1] instanceof Uint8Array,
  U: (rest) => rest.length === 1 && isText(rest[0]),
};

const isMark = (value) => value instanceof Ext && value.type === 80 && value.data.length === 1;

/**
 * Returns why a value cannot be accepted; undefined if it can. `kinds` is a Map of the references that the
 * host has sent on this stream. Its keys are the ids of the references, and its values are their kinds, each
 * a letter.
 */
export function refusal(value, kinds, breaks) {
  if (isMark(value))
    return breaks('takes-marks-anywhere') ? undefined : 'a mark that is not the first element of its array';
  if (value instanceof Ext) return refusalOfExt(value, kinds, breaks);
  if (value instanceof Map) {
    for (const [key, item] of value) {
      const isTrap = ['then', 'toJSON', 'toString', 'valueOf'].includes(key) && isReference(item);
      if (isTrap && !breaks('takes-functions-as-then')) return `a function under the name ${key}`;
    }
    return firstRefusal([...value.values()], kinds, breaks);
  }
  if (!Array.isArray(value)) return undefined;
  if (!isMark(value[0])) return firstRefusal(value, kinds, breaks);
  const [mark, ...rest] = value;
  const fits = marked[String.fromCharCode(mark.data[0])];
  if (fits === undefined) return breaks('takes-any-mark') ? undefined : 'an unknown mark';
  if (fits === marked.E && breaks('refuses-errors-as-values')) return 'an error as a value';
  if (fits === marked.T && rest[0] !== 'Float64Array' && breaks('knows-one-typed-array'))
    return 'another typed array';
  if (!fits(rest) && !breaks('takes-marks-with-anything')) return 'a mark with a value that does not fit it';
  return firstRefusal(rest, kinds, breaks);
}

function firstRefusal(values, kinds, breaks) {
  for (const value of values) {
    const reason = refusal(value, kinds, breaks);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function refusalOfExt({ type, data }, kinds, breaks) {
  if (type === -1 && breaks(`refuses-timestamps-of-${data.length}-bytes`)) return 'a long timestamp';
  if (type === -1 || (type === 0 && data.length === 1)) return undefined;
  if (type !== 80) return breaks('takes-any-extension') ? undefined : `an extension of type ${type}`;
  if (data[0] === 0x4e) return undefined;
  if (data.length !== 5) return 'an extension of another length';
  const kind = String.fromCharCode(data[0]);
  const id = data.readUInt32BE(1);
  if (STREAMS.includes(kind) || kind === 'a') return undefined;
  if (!REFERENCES.includes(kind)) return `a reference of kind ${kind}`;
  if (kinds.has(id) && kinds.get(id) !== kind && !breaks('takes-any-kind')) return 'an id of another kind';
  kinds.set(id, kind);
  return undefined;
}

function isReference(value) {
  return (
    value instanceof Ext &&
    value.type === 80 &&
    value.data.length === 5 &&
    'fo'.includes(String.fromCharCode(value.data[0]))
  );
}

export function reference(kind, id) {
  const data = Buffer.alloc(5, kind);
  data.writeUInt32BE(id, 1);
  return new Ext(80, data);
}

/**
 * Returns a copy to send back to the host. In the copy, each reference to a function or object of the host
 * has the kind `y`, which means that the receiver itself has the function or object.
 */
export function returned(value) {
  if (isReference(value)) return reference('y', value.data.readUInt32BE(1));
  if (Array.isArray(value)) return value.map(returned);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, returned(item)]));
  return value;
}

export function hasReference(value) {
  if (isReference(value)) return true;
  if (value instanceof Map) return [...value.values()].some(hasReference);
  return Array.isArray(value) && value.some(hasReference);
}

export const plainNumber = (value) => (value instanceof Float ? value.value : Number(value));
