/** A readable record of everything that went over the two pipes: the handshake line, frames, and messages in them. */
import { realNow } from '../real-time.ts';
import type { Frame } from '../wire/yamux.ts';
import { DirectionReader } from './direction-reader.ts';
import { withoutBare, type Sighting } from './sighting.ts';
import { stableLines } from './stable-lines.ts';
import { purposeOf, say, type Direction, type Phrase } from './stream-reader.ts';

/** One line of a transcript before it is printed. */
export interface TranscriptEntry {
  /** Milliseconds since the transcript began. */
  readonly at: number;
  readonly direction: Direction;
  /** The stream's id; 0 for the session's own frames, undefined if it is not a frame. */
  readonly stream: number | undefined;
  readonly text: string;
}

/** The form in which a transcript is told. */
export interface TranscriptOptions {
  /**
   * True gives the messages alone, stream by stream, without times, frames and what the plugin printed: the same in each run in which the
   * same is said, for snapshots.
   */
  readonly stable?: boolean;
}

/** How many lines a failing test shows: the newest. */
const shownLines = 60;

export class Transcript {
  /** Called with what came on each stream of the plugin's to the host, before it is recorded. */
  onData: ((stream: number, payload: Uint8Array) => void) | undefined;
  readonly #entries: Sighting[] = [];
  readonly #started: number = realNow();
  readonly #keep: number;
  readonly #directions: Record<Direction, DirectionReader>;
  #seen = 0;
  #hasStopped = false;

  /** @param keep how many of the newest entries are kept. With 0 the bytes are read for {@link onData} alone, if it is set. */
  constructor(keep = 2000) {
    this.#keep = keep;
    const reader = (direction: Direction): DirectionReader =>
      new DirectionReader(
        direction === 'toHost',
        {
          onSighting: (frame, phrases) => {
            this.#add(direction, frame, phrases);
          },
          onData: (stream, payload) => {
            if (direction === 'toHost') this.onData?.(stream, payload);
          },
        },
        keep > 0,
      );
    this.#directions = { toPlugin: reader('toPlugin'), toHost: reader('toHost') };
  }

  /** The entries so far, oldest first. */
  get entries(): readonly TranscriptEntry[] {
    return this.#kept.map(entryOf);
  }

  get #kept(): readonly Sighting[] {
    return this.#entries.slice(-this.#keep);
  }

  /** Records nothing from now on: what follows is the kit's own end of the session. */
  stop(): void {
    this.#hasStopped = true;
  }

  /** Bytes went past on the wire. Their frames and messages are found now, and turned into text when it is read. */
  saw(direction: Direction, bytes: Uint8Array): void {
    if (this.#keep === 0 && (this.onData === undefined || direction === 'toPlugin')) return;
    this.#directions[direction].read(bytes);
  }

  /** Something other than bytes happened to a direction: it ended, was stalled, was cut. */
  note(direction: Direction, text: string): void {
    this.#add(direction, undefined, [() => text]);
  }

  #add(direction: Direction, frame: Frame | undefined, phrases: readonly Phrase[]): void {
    if (this.#keep === 0 || this.#hasStopped) return;
    this.#entries.push({ at: realNow() - this.#started, direction, frame, phrases });
    // Cut now and then, because moving all entries costs more than one.
    if (this.#entries.length >= 2 * this.#keep) this.#entries.splice(0, this.#entries.length - this.#keep);
    this.#seen++;
  }

  /** The newest lines that say something, for a failing test. */
  report(): string {
    const telling = withoutBare(this.#kept);
    const left = telling.length - shownLines;
    const lines = telling.slice(-shownLines).map((sighting) => lineOf(entryOf(sighting)));
    if (left > 0) lines.unshift(`(${String(left)} earlier lines left out; transcript() has them)`);
    return lines.join('\n');
  }

  toString({ stable = false }: TranscriptOptions = {}): string {
    const lines = stable ? stableLines(this.#kept) : this.entries.map(lineOf);
    const dropped = this.#seen - this.#kept.length;
    if (dropped > 0) lines.unshift(`(${String(dropped)} earlier lines left out)`);
    return lines.join('\n');
  }
}

const entryOf = ({ at, direction, frame, phrases }: Sighting): TranscriptEntry => ({
  at,
  direction,
  stream: frame?.id,
  text: phrases.map(say).join('  '),
});

function lineOf({ at, direction, stream, text }: TranscriptEntry): string {
  const time = `${at.toFixed(1).padStart(8)} ms`;
  const who = direction === 'toPlugin' ? 'host → plugin' : 'plugin → host';
  const where =
    stream === undefined || stream === 0 ? '' : `#${String(stream)} ${purposeOf(stream)}`.trimEnd();
  return `${time}  ${who}  ${where.padEnd(10)}  ${text}`;
}
