/** Rewrites the source of a regular expression, so that the expression still matches the same strings. */
import { eachUnprintable, escape, unprintable } from './printable.ts';

/**
 * Returns a source that matches the same strings and has nothing unprintable. Unprintable characters become
 * escapes of the pattern, and `util.inspect` shows these escapes.
 */
export function printableSource(source: string): string {
  return unprintable.test(source) ? escaped(source, eachUnprintable, escape) : source;
}

/**
 * Returns a source that matches the same strings and has no lone half of a surrogate pair. Such halves become
 * escapes of the pattern, because UTF-8 cannot express them.
 */
export function wellFormedSource(source: string, flags: string): string {
  if (source.isWellFormed()) return source;
  // With the flags u and v, the escapes \ud83d and \udc00 would form a pair, and \u{d83d} forms none.
  const isUnicode = /[uv]/.test(flags);
  // With the flag u, this pattern does not match the halves of a pair.
  return escaped(source, /[\ud800-\udfff]/gu, (half) => {
    const code = half.charCodeAt(0).toString(16);
    return isUnicode ? `\\u{${code}}` : `\\u${code}`;
  });
}

/** Replaces each character of `source` that `characters` matches by an escape. */
function escaped(source: string, characters: RegExp, escapeOf: (character: string) => string): string {
  let made = '';
  let from = 0;
  for (const { index, 0: character } of source.matchAll(characters)) {
    let backslashes = 0;
    while (source[index - 1 - backslashes] === '\\') backslashes++;
    // A backslash before this character changes nothing. It is left out, because it would escape the
    // backslash of the new escape.
    made += source.slice(from, index - (backslashes % 2)) + escapeOf(character);
    from = index + 1;
  }
  return made + source.slice(from);
}
