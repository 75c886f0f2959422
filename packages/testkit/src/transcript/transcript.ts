/** A readable record of everything that went over the two pipes: the handshake line, frames, and messages in them. */
import { realNow } from '../real-time.ts';
import { concat, describeFrame, FrameReader, headerBytes, SYN, type Frame } from '../wire/yamux.ts';
import { showBytes } from './show.ts';
import { purposeOf, StreamReader, type Direction } from './stream-reader.ts';

/** One line of a transcript before it is printed. */
export interface TranscriptEntry {
  /** Milliseconds since the transcript began. */
  readonly at: number;
  readonly direction: Direction;
  /** The stream's id; 0 for the session's own frames, undefined for what is no frame. */
  readonly stream: number | undefined;
  readonly text: string;
}

const lineLimit = 4096;
/** Frames promising more than this are shown by their header alone, and the direction is not read any further. */
const frameLimit = 64 * 1024 * 1024;

export class Transcript {
  /** Called with what came on each stream of the plugin's to the host, before it is recorded. */
  onData: (stream: number, payload: Uint8Array) => void = () => {};
  readonly #entries: TranscriptEntry[] = [];
  readonly #started: number = realNow();
  readonly #keep: number;
  readonly #directions: Record<Direction, DirectionReader>;
  #dropped = 0;

  /** @param keep how many of the newest entries are kept. */
  constructor(keep = 2000) {
    this.#keep = keep;
    this.#directions = {
      toPlugin: new DirectionReader(() => {}, false),
      toHost: new DirectionReader((stream, payload) => {
        this.onData(stream, payload);
      }, true),
    };
  }

  /** The entries so far, oldest first. */
  get entries(): readonly TranscriptEntry[] {
    return this.#entries;
  }

  /** Bytes went past on the wire. They are read now and not kept. */
  saw(direction: Direction, bytes: Uint8Array): void {
    for (const [stream, text] of this.#directions[direction].read(bytes)) this.#add(direction, stream, text);
  }

  /** Something happened to a direction that is no bytes: it ended, was stalled, was cut. */
  note(direction: Direction, text: string): void {
    this.#add(direction, undefined, text);
  }

  #add(direction: Direction, stream: number | undefined, text: string): void {
    this.#entries.push({ at: realNow() - this.#started, direction, stream, text });
    if (this.#entries.length <= this.#keep) return;
    this.#entries.shift();
    this.#dropped++;
  }

  toString(): string {
    const lines = this.#entries.map(({ at, direction, stream, text }) => {
      const time = `${at.toFixed(1).padStart(8)} ms`;
      const who = direction === 'toPlugin' ? 'host → plugin' : 'plugin → host';
      const where =
        stream === undefined || stream === 0 ? '' : `#${String(stream)} ${purposeOf(stream)}`.trimEnd();
      return `${time}  ${who}  ${where.padEnd(10)}  ${text}`;
    });
    if (this.#dropped > 0) lines.unshift(`(${String(this.#dropped)} earlier lines left out)`);
    return lines.join('\n');
  }
}

/** One direction of the pipe. */
class DirectionReader {
  /** Bytes of the handshake line so far; undefined once frames have begun. */
  #line: Uint8Array | undefined;
  readonly #frames: FrameReader = new FrameReader();
  readonly #streams: Map<number, StreamReader> = new Map();
  readonly #isUpstream: boolean;
  #isLost = false;

  readonly #onData: Transcript['onData'];

  constructor(onData: Transcript['onData'], isUpstream: boolean) {
    this.#onData = onData;
    this.#isUpstream = isUpstream;
    if (isUpstream) this.#line = new Uint8Array(0);
  }

  *read(bytes: Uint8Array): Generator<[stream: number | undefined, text: string]> {
    let rest = bytes;
    if (this.#line !== undefined) {
      const held = concat([this.#line, rest]);
      const end = held.indexOf(10);
      if (end < 0 && held.length <= lineLimit) {
        this.#line = held;
        return;
      }
      this.#line = undefined;
      const line = held.subarray(0, end < 0 ? held.length : end);
      yield [
        undefined,
        end < 0 ? `no line: ${showBytes(line)}` : `handshake ${new TextDecoder().decode(line)}`,
      ];
      rest = end < 0 ? new Uint8Array(0) : held.subarray(end + 1);
    }
    if (this.#isLost) {
      if (rest.length > 0) yield [undefined, `not frames: ${showBytes(rest)}`];
      return;
    }
    for (const frame of this.#frames.push(rest)) {
      yield [frame.id, this.#describe(frame)];
      if (frame.version !== 0) this.#isLost = true;
    }
    if (this.#frames.pendingBytes < headerBytes) return;
    const promised = this.#frames.pendingHeader();
    if (promised.version === 0 && promised.length <= frameLimit) return;
    this.#isLost = true;
    yield [
      promised.id,
      `${describeFrame(promised)}, of which ${String(this.#frames.pendingBytes - headerBytes)} B came`,
    ];
  }

  #describe(frame: Frame): string {
    if (frame.type !== 'data' || frame.payload.length === 0) return describeFrame(frame);
    this.#onData(frame.id, frame.payload);
    let reader = this.#streams.get(frame.id);
    if (reader === undefined || frame.flags & SYN) {
      // The host opens the odd streams, the plugin the even ones.
      const isOpener = (frame.id % 2 === 0) === this.#isUpstream;
      reader = new StreamReader(frame.id, isOpener);
      this.#streams.set(frame.id, reader);
    }
    return [describeFrame(frame), ...reader.read(frame.payload)].join('  ');
  }
}
