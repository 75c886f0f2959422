/**
 * Selects the part of a transcript that is shown under a failure: the transcript's beginning, and the lines
 * that lead to the failure. Repeated lines are left out.
 */
import type { TranscriptEntry } from '../transcript/transcript.ts';
import { purposeOf } from '../transcript/stream-reader.ts';

/** The probable reason of a failure. */
export interface Diagnosis {
  /** A sentence for each cause, the most likely first. The list is empty if no cause was found. */
  readonly causes: readonly string[];
  /** The streams that the causes concern. */
  readonly streams: ReadonlySet<number>;
}

/** The longest repeated pattern that is recognised, in lines. */
const longestPattern = 4;
const widest = 150;

/**
 * Returns at most `lines` lines. `concerned` has the streams that the failure concerns. If not all lines fit,
 * only the lines of these streams and of the session are kept.
 */
export function excerpt(
  entries: readonly TranscriptEntry[],
  lines: number,
  concerned: ReadonlySet<number>,
): string[] {
  const whole = collapse(entries);
  if (whole.length <= lines) return whole;
  const theirs = entries.filter(
    ({ stream }) => stream === undefined || stream === 0 || concerned.has(stream),
  );
  const some = concerned.size === 0 ? whole : collapse(theirs);
  const left = entries.length - (concerned.size === 0 ? entries : theirs).length;
  const note = left > 0 ? [`(${String(left)} frames of other streams left out)`] : [];
  const room = lines - note.length;
  if (some.length <= room) return [...note, ...some];
  // The beginning gets only a quarter of the lines, because the end shows the failure.
  const head = some.slice(0, Math.floor(room / 4));
  const tail = some.slice(some.length - (room - head.length - 1));
  const between = some.length - head.length - tail.length;
  return [...note, ...head, `(${String(between)} lines left out)`, ...tail];
}

/** Returns one line for each entry. A repeated pattern is shown once, with the number of its repetitions. */
function collapse(entries: readonly TranscriptEntry[]): string[] {
  const keys = entries.map(({ direction, text }) => direction + text.replaceAll(/\d+/g, '0'));
  const lines: string[] = [];
  for (let at = 0; at < entries.length;) {
    const { period, times } = repetition(keys, at);
    lines.push(...entries.slice(at, at + period).map(lineOf));
    if (times > 1) {
      const what = period === 1 ? 'the same' : `the same ${String(period)} lines`;
      const last = entries[at + period * times - 1];
      const until = last === undefined ? '' : `, until ${last.at.toFixed(1)} ms`;
      lines.push(`             (${what} ${String(times - 1)} more times${until})`);
    }
    at += period * times;
  }
  return lines;
}

/**
 * Returns the pattern that begins at `at` and, together with its repetitions, covers the most lines. A
 * pattern counts only if its repetitions have more than one line, because a line with their number replaces
 * them.
 */
function repetition(keys: readonly string[], at: number): { period: number; times: number } {
  let best = { period: 1, times: 1 };
  for (let period = 1; period <= longestPattern; period++) {
    let times = 1;
    while (isSame(keys, at, at + period * times, period)) times++;
    if ((times - 1) * period > 1 && times * period > best.times * best.period) best = { period, times };
  }
  return best;
}

function isSame(keys: readonly string[], a: number, b: number, length: number): boolean {
  if (b + length > keys.length) return false;
  for (let i = 0; i < length; i++) if (keys[a + i] !== keys[b + i]) return false;
  return true;
}

function lineOf({ at, direction, stream, text }: TranscriptEntry): string {
  const who = direction === 'toPlugin' ? 'host → plugin' : 'plugin → host';
  const where =
    stream === undefined || stream === 0 ? '' : `#${String(stream)} ${purposeOf(stream)}`.trimEnd();
  const line = `${at.toFixed(1).padStart(8)} ms  ${who}  ${where.padEnd(10)}  ${text}`;
  return line.length <= widest ? line : `${line.slice(0, widest - 1)}…`;
}
