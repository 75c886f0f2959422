/**
 * Names under which JavaScript and common tools call what they find, without being asked: `JSON.stringify` calls `toJSON`, a
 * template string calls `toString`, a test framework calls `asymmetricMatch`. A function of the peer's under such a name would turn
 * each look at a value into a call, whose dropped promise ends the process if it fails.
 */

/** Called by JavaScript itself, on any object. */
const ofTheLanguage: readonly string[] = ['then', ...Object.getOwnPropertyNames(Object.prototype)];

/** Called or read by serializers, loggers, inspectors, test frameworks and database drivers, on any object. */
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
  // Loggers: pino and bunyan call an error's `cause`, and pino takes what has a `socket` or `getHeaders` for a request or response.
  'cause',
  'socket',
  'getHeaders',
] as const;

const probed = new Set<string>([...ofTheLanguage, ...namesOfTools]);

/** Whether a function may not stand under this name. Beside the lists: names of the form `@@iterator`, which stand for symbols. */
export function isProbedName(name: string): boolean {
  return probed.has(name) || name.startsWith('@@');
}
