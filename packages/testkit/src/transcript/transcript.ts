/**
 * A readable record of everything that went over the two pipes: the handshake line, frames, and the messages
 * in them.
 */
import { realNow } from '../real-time.ts';
import type { Frame } from '../wire/yamux.ts';
import { Backlog } from './backlog.ts';
import { DirectionReader } from './direction-reader.ts';
import { withoutBare, type Sighting } from './sighting.ts';
import { stableLines } from './stable-lines.ts';
import { purposeOf, say, type Direction, type Phrase } from './stream-reader.ts';

/** One line of a transcript before it is printed. */
export interface TranscriptEntry {
  /** Milliseconds since the transcript began. */
  readonly at: number;
  readonly direction: Direction;
  /** The stream's id. This is 0 for frames of the session, and undefined if the entry is not a frame. */
  readonly stream: number | undefined;
  readonly text: string;
}

/** The form of a transcript. */
export interface TranscriptOptions {
  /**
   * If true, the text has only the messages, stream by stream, without times, frames and the plugin's output.
   * Such a text is the same in every run that sends the same messages, so it suits snapshots.
   */
  readonly stable?: boolean;
}

/** A failing test shows at most this many lines, the newest ones. */
const shownLines = 60;

export class Transcript {
  /** Called with each part of a payload from the plugin to the host, before the part is recorded. */
  onData: ((stream: number, payload: Uint8Array) => void) | undefined;
  readonly #entries: Sighting[] = [];
  readonly #started: number = realNow();
  readonly #keep: number;
  readonly #directions: Record<Direction, DirectionReader>;
  readonly #backlog: Backlog = new Backlog();
  /** The time at which the bytes of the current `#read()` passed on the wire. */
  #at = 0;
  #seen = 0;
  /** The time after which nothing is recorded. */
  #stoppedAt = Number.POSITIVE_INFINITY;

  /**
   * @param keep How many of the newest entries are kept. With 0, the bytes are read only for {@link onData},
   * if it is set.
   */
  constructor(keep = 2000) {
    this.#keep = keep;
    const reader = (direction: Direction): DirectionReader =>
      new DirectionReader(
        direction === 'toHost',
        {
          onSighting: (frame, phrases) => {
            this.#add(this.#at, direction, frame, phrases);
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
    this.#catchUp();
    return this.#entries.slice(-this.#keep);
  }

  /**
   * Stops recording. The kit calls this before it ends the session, because that end is not part of the test.
   */
  stop(): void {
    this.#stoppedAt = Math.min(this.#stoppedAt, this.#now());
  }

  /**
   * Records bytes that passed on the wire. Decodes them immediately if {@link onData} is set. Otherwise
   * decodes them when the transcript is read, or when many bytes are waiting.
   */
  saw(direction: Direction, bytes: Uint8Array): void {
    const at = this.#now();
    if (this.onData !== undefined) {
      if (this.#keep > 0 || direction === 'toHost') this.#read(direction, bytes, at);
      return;
    }
    if (this.#keep === 0 || at > this.#stoppedAt || this.#backlog.add(direction, bytes, at)) return;
    this.#catchUp();
    if (!this.#backlog.add(direction, bytes, at)) this.#read(direction, bytes, at);
  }

  /** Records an event of a direction, such as its end or a stall. */
  note(direction: Direction, text: string): void {
    this.#catchUp();
    this.#add(this.#now(), direction, undefined, [() => text]);
  }

  #now(): number {
    return realNow() - this.#started;
  }

  #catchUp(): void {
    this.#backlog.drain((direction, bytes, at) => {
      this.#read(direction, bytes, at);
    });
  }

  #read(direction: Direction, bytes: Uint8Array, at: number): void {
    this.#at = at;
    this.#directions[direction].read(bytes);
  }

  #add(at: number, direction: Direction, frame: Frame | undefined, phrases: readonly Phrase[]): void {
    if (this.#keep === 0 || at > this.#stoppedAt) return;
    this.#entries.push({ at, direction, frame, phrases });
    // The list is cut only when it has twice as many entries as are kept, because a cut moves all entries.
    if (this.#entries.length >= 2 * this.#keep) this.#entries.splice(0, this.#entries.length - this.#keep);
    this.#seen++;
  }

  /**
   * Returns the newest lines for a failing test. Leaves out credit, and parts of messages that a later frame
   * completed.
   */
  report(): string {
    const telling = withoutBare(this.#kept);
    const left = telling.length - shownLines;
    const lines = telling.slice(-shownLines).map((sighting) => lineOf(entryOf(sighting)));
    if (left > 0) lines.unshift(`(${String(left)} earlier lines left out; transcript() has them)`);
    return lines.join('\n');
  }

  toString({ stable = false }: TranscriptOptions = {}): string {
    const kept = this.#kept;
    const lines = stable ? stableLines(kept) : kept.map(entryOf).map(lineOf);
    const dropped = this.#seen - kept.length;
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
