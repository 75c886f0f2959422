/**
 * Names of methods that JavaScript and common tools call implicitly, on any object. `JSON.stringify` calls
 * `toJSON`, a template string calls `toString`, a test framework calls `asymmetricMatch`. If a function of
 * the peer had one of these names, printing or serializing a value would call the peer. The promise of that
 * call would be dropped, and a rejection would end the process.
 */

/** Names that JavaScript itself calls, on any object. */
const ofTheLanguage = new Set(['then', ...Object.getOwnPropertyNames(Object.prototype)]);

/**
 * Names that serializers, loggers, inspectors, test frameworks and database drivers call or read, on any
 * object.
 */
export const namesOfTools = [
  'toJSON',
  'toBSON',
  'toPostgres',
  'toSqlString',
  'inspect',
  'asymmetricMatch',
  'jasmineToString',
  'getMockName',
  '_isMockFunction',
  '$$typeof',
  'nodeType',
  'hasAttribute',
  'isEqualNode',
  // Loggers: pino and bunyan call an error's `cause`, and pino treats an object with a `socket` or
  // `getHeaders` as a request or response.
  'cause',
  'socket',
  'getHeaders',
  // Immutable.js.
  'hashCode',
  'equals',
] as const;

const ofTools = new Set<string>(namesOfTools);

/** True if a function of the peer must not have this name. */
export function isProbedName(name: string): boolean {
  return ofTheLanguage.has(name) || isNameOfTools(name);
}

/**
 * True for a name in {@link namesOfTools}, for names of the form `@@iterator`, which stand for symbols, and
 * for names of the form `fantasy-land/map`, which Ramda and similar libraries call.
 */
export function isNameOfTools(name: string): boolean {
  return ofTools.has(name) || name.startsWith('@@') || name.startsWith('fantasy-land/');
}
