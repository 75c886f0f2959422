/** Makes names for generated TypeScript. */
import { printable } from '@pipework/core';

/**
 * Returns a name as the key of a property or method. The key is quoted unless it is an identifier. `new` is
 * quoted too, because `new(): T` declares a constructor.
 */
export function propertyName(name: string): string {
  return /^(?!new$)[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

/**
 * Returns a string literal of TypeScript without unprintable characters. Calls `printable()` for single
 * characters, because in a long text it would replace them by U+FFFD, not by escapes. TypeScript reads the
 * escapes as the same characters.
 */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[^ -~]/g, (character) => printable(character));
}

/**
 * Names that a generated type must not have. Generated names begin with a capital letter, so keywords need
 * not be listed.
 */
const reserved = /^(Promise|AsyncIterable|AbortSignal)$/;

/**
 * Names in use. The value is the highest number that was added to the name, or 1 if none was: 3 for `Kv` if
 * `Kv3` is the last.
 */
export type TakenNames = Map<string, number>;

/** Makes a new name for a type from any text, and adds it to `taken`. Takes linear time for many names. */
export function uniqueName(text: string, taken: TakenNames): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  const base = /^[A-Z]/.test(joined) && !reserved.test(joined) ? joined : `Type${joined}`;
  let name = base;
  let last = taken.get(base) ?? 1;
  while (taken.has(name)) name = `${base}${(last += 1)}`;
  taken.set(name, 1);
  taken.set(base, last);
  return name;
}

/** True for a word that cannot be the name of a parameter. */
export const isKeyword = (name: string): boolean =>
  ` ${keywords} `.includes(` ${name} `) || /^arg\d+$/.test(name);

const keywords =
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield';
