/** A readable record of everything that went over the two pipes: the handshake line, frames, and messages in them. */
import { realNow } from '../real-time.ts';
import { DirectionReader } from './direction-reader.ts';
import { purposeOf, type Direction, type Phrase } from './stream-reader.ts';

/** One line of a transcript before it is printed. */
export interface TranscriptEntry {
  /** Milliseconds since the transcript began. */
  readonly at: number;
  readonly direction: Direction;
  /** The stream's id; 0 for the session's own frames, undefined for what is no frame. */
  readonly stream: number | undefined;
  readonly text: string;
}

/** What was seen: its line is made when it is looked at. */
interface Sighting extends Omit<TranscriptEntry, 'text'> {
  readonly phrases: readonly Phrase[];
}

export class Transcript {
  /** Called with what came on each stream of the plugin's to the host, before it is recorded. */
  onData: ((stream: number, payload: Uint8Array) => void) | undefined;
  readonly #entries: Sighting[] = [];
  readonly #started: number = realNow();
  readonly #keep: number;
  readonly #directions: Record<Direction, DirectionReader>;
  #seen = 0;

  /** @param keep how many of the newest entries are kept. With 0 the bytes are read for {@link onData} alone, if it is set. */
  constructor(keep = 2000) {
    this.#keep = keep;
    const reader = (direction: Direction): DirectionReader =>
      new DirectionReader(
        direction === 'toHost',
        {
          onSighting: (stream, phrases) => {
            this.#add(direction, stream, phrases);
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
    return this.#entries.slice(-this.#keep).map(({ at, direction, stream, phrases }) => ({
      at,
      direction,
      stream,
      text: phrases.map((phrase) => phrase()).join('  '),
    }));
  }

  /** Bytes went past on the wire. Their frames and messages are found now, and turned into text when somebody looks. */
  saw(direction: Direction, bytes: Uint8Array): void {
    if (this.#keep === 0 && (this.onData === undefined || direction === 'toPlugin')) return;
    this.#directions[direction].read(bytes);
  }

  /** Something happened to a direction that is no bytes: it ended, was stalled, was cut. */
  note(direction: Direction, text: string): void {
    this.#add(direction, undefined, [() => text]);
  }

  #add(direction: Direction, stream: number | undefined, phrases: readonly Phrase[]): void {
    if (this.#keep === 0) return;
    this.#entries.push({ at: realNow() - this.#started, direction, stream, phrases });
    // Cut now and then, because moving all entries costs more than one.
    if (this.#entries.length >= 2 * this.#keep) this.#entries.splice(0, this.#entries.length - this.#keep);
    this.#seen++;
  }

  toString(): string {
    const lines = this.entries.map(({ at, direction, stream, text }) => {
      const time = `${at.toFixed(1).padStart(8)} ms`;
      const who = direction === 'toPlugin' ? 'host → plugin' : 'plugin → host';
      const where =
        stream === undefined || stream === 0 ? '' : `#${String(stream)} ${purposeOf(stream)}`.trimEnd();
      return `${time}  ${who}  ${where.padEnd(10)}  ${text}`;
    });
    const dropped = this.#seen - lines.length;
    if (dropped > 0) lines.unshift(`(${String(dropped)} earlier lines left out)`);
    return lines.join('\n');
  }
}
