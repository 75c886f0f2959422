// Texts that terminals and encoders treat in a special way, and the form in which they must arrive.

const pieces = [
  ...['a', 'word ', '"', '\\', '%s', 'äß', '€', '😀', '\uFEFF', '\n', '\t', '\r\n', '\r', '\n    at x (y.js:1:1)'],
  ...['\u0000', '\u0007', '\u007f', '\u0085', '\u061c', '\u200e', '\u2028', '\u202e', '\u2066'],
  ...['\u001b[31m', '\u001b[1;4:3m', '\u001b[2J', '\u001b]0;title\u0007', '\u001b'],
  ...['\ud83d', '\udc00'],
]; // prettier-ignore
const longest = 65_536;

/** Returns a text with control characters, colours, direction marks and halves of surrogate pairs. */
export function oddText(random) {
  if (random.chance(0.3)) return random.pick(['', 'no such row', 'E_FAIL', 'x'.repeat(random.below(300))]);
  let text = random.chance(0.01) ? 'x'.repeat(longest + random.between(-30, 10)) : '';
  for (let left = random.below(8); left > 0; left--) text += random.pick(pieces);
  return text;
}

/** Returns the form in which a text of an error must arrive: see docs/calls.md. */
export function printed(text) {
  const wellFormed = text.toWellFormed();
  const asText = wellFormed.length > longest ? () => '\uFFFD' : writtenOut;
  return wellFormed.replace(removed, '').replace(unprintable, asText);
}

/** Sequences that choose a colour, and the carriage returns of Windows line breaks. */
const removed = /\r(?=\n)|\u001b\[[\d:;]*m/g; // oxlint-disable-line no-control-regex -- it finds these characters
/**
 * Control characters (but not tab and line feed), line separators, and marks that change the text's
 * direction.
 */
const unprintable = /(?![\t\n])\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

function writtenOut(character) {
  const code = character.charCodeAt(0).toString(16);
  return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
}
