/**
 * Turns a command line into text for people. Long words and long lists are cut in their middle, so that the
 * names of programs remain visible.
 */
import { shellQuoted } from './shell-quoted.ts';

/** The maximum length of a word, and of a whole command. */
const longestWord = 200;
const longestCommand = 1000;

/**
 * Returns a command as one line for a message, quoted for a POSIX shell. If the line has more than about
 * 1,000 characters, words in its middle are left out.
 */
export function showCommand(words: readonly string[]): string {
  const shown = words.map((word) => shellQuoted(cutMiddle(word, longestWord)));
  const length = shown.reduce((sum, word) => sum + word.length + 1, -1);
  if (length <= longestCommand) return shown.join(' ');
  // Both ends are kept. The program and its script come first, and the argument that distinguishes two runs
  // is often last.
  const first: string[] = [];
  const last: string[] = [];
  let room = longestCommand - longestWord;
  let [from, to] = [0, shown.length];
  while (from < to) {
    const isFirst = first.length <= last.length;
    const word = shown[isFirst ? from : to - 1] ?? '';
    room -= word.length + 1;
    if (room < 0) break;
    if (isFirst) {
      first.push(word);
      from++;
    } else {
      last.unshift(word);
      to--;
    }
  }
  return [...first, `… ${to - from} more …`, ...last].join(' ');
}

/** Cuts the middle out of a text. Keeps more of the end, because a path ends with the program's own name. */
export function cutMiddle(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const begin = Math.floor(longest / 3);
  const end = longest - begin - 1;
  const isPair = (at: number): boolean => /[\uD800-\uDBFF]/.test(text.charAt(at - 1));
  const cutAt = isPair(begin) ? begin - 1 : begin;
  const goOnAt = isPair(text.length - end) ? text.length - end + 1 : text.length - end;
  return `${text.slice(0, cutAt)}…${text.slice(goOnAt)}`;
}
