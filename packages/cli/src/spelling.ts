/** Finds the word that a user meant, and writes lists of words. */

/** The maximum number of letters by which a typed word may differ from the intended word. */
const maxDistance = 2;

/**
 * Returns the known word that differs least from the typed word; undefined if all of them differ too much.
 */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((word) => ({ word, distance: distance(typed, word) }))
    .filter((one) => one.distance <= maxDistance && one.distance < one.word.length / 2)
    .toSorted((a, b) => a.distance - b.distance);
  return best?.word;
}

/** Returns how many letters must be inserted, removed or replaced to turn one word into the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(from).entries()) {
    const next = [index + 1];
    for (let at = 0; at < to.length; at += 1) {
      const replaced = (row[at] ?? 0) + (letter === to[at] ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** Returns a list of words as a part of a sentence: `a, b or c`. */
export function listed(words: readonly string[], link: 'or' | 'and'): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${link} ${last}`;
}
