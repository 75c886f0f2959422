/**
 * Reads one direction of a session as its bytes pass: the handshake line, then frames. The reader keeps no
 * payload.
 */
import { concat, decodeHeader, describeFrame, headerBytes, SYN, type Frame } from '../wire/yamux.ts';
import { showBytes } from './show.ts';
import { StreamReader, type Phrase } from './stream-reader.ts';

const lineLimit = 4096;
const nothing = new Uint8Array(0);

/** The callbacks for the reports of a {@link DirectionReader}. */
export interface Listener {
  /**
   * Called when a frame begins, or when bytes arrive that are not a frame. The list `phrases` grows as more
   * of the frame's payload arrives. The first phrase describes the frame itself.
   */
  onSighting(frame: Frame | undefined, phrases: Phrase[]): void;
  /** Called when a part of the payload of a frame passes. */
  onData(stream: number, payload: Uint8Array): void;
}

export class DirectionReader {
  /** The bytes of the handshake line so far; undefined after the line, and in a direction without a line. */
  #line: Uint8Array | undefined;
  readonly #streams: Map<number, StreamReader> = new Map();
  readonly #isUpstream: boolean;
  readonly #listener: Listener;
  readonly #readsMessages: boolean;
  /** True after bytes have arrived that are not frames. */
  #isLost = false;
  /** The part of an incomplete header that has arrived. */
  #header: Uint8Array = nothing;
  /** The frame whose payload is passing, and how many bytes of that payload are missing. */
  #frame: Frame | undefined;
  #missing = 0;
  #phrases: Phrase[] = [];

  constructor(isUpstream: boolean, listener: Listener, readsMessages: boolean) {
    this.#isUpstream = isUpstream;
    this.#listener = listener;
    this.#readsMessages = readsMessages;
    if (isUpstream) this.#line = nothing;
  }

  read(bytes: Uint8Array): void {
    let at = this.#line === undefined ? 0 : this.#readLine(this.#line, bytes);
    while (at < bytes.length) {
      if (this.#isLost) {
        const text = `not frames: ${showBytes(bytes.subarray(at))}`;
        this.#listener.onSighting(undefined, [() => text]);
        return;
      }
      at =
        this.#frame === undefined ? this.#readHeader(bytes, at) : this.#readPayload(this.#frame, bytes, at);
    }
  }

  /**
   * Reads the handshake line, or a part of it. Returns the position in `bytes` at which reading continues.
   */
  #readLine(line: Uint8Array, bytes: Uint8Array): number {
    const held = concat([line, bytes]);
    const end = held.indexOf(10);
    if (end < 0 && held.length <= lineLimit) {
      this.#line = held;
      return bytes.length;
    }
    this.#line = undefined;
    const text =
      end < 0
        ? `no line: ${showBytes(held)}`
        : `handshake ${new TextDecoder().decode(held.subarray(0, end))}`;
    this.#listener.onSighting(undefined, [() => text]);
    return end < 0 ? bytes.length : end + 1 - line.length;
  }

  #readHeader(bytes: Uint8Array, at: number): number {
    const held = this.#header.length;
    const end = at + headerBytes - held;
    if (held === 0 && end <= bytes.length) {
      this.#begin(decodeHeader(bytes, at));
      return end;
    }
    const header = concat([this.#header, bytes.subarray(at, end)]);
    this.#header = header.length < headerBytes ? header : nothing;
    if (header.length === headerBytes) this.#begin(decodeHeader(header));
    return Math.min(end, bytes.length);
  }

  #begin(frame: Frame): void {
    this.#isLost = frame.version !== 0;
    const phrases: Phrase[] = [];
    const hasPayload = frame.type === 'data' && frame.length > 0;
    phrases.push(() => {
      const isPassing = this.#frame === frame;
      return `${describeFrame(frame)}${isPassing ? `, of which ${String(frame.length - this.#missing)} B came` : ''}`;
    });
    if (hasPayload) {
      this.#frame = frame;
      this.#missing = frame.length;
      this.#phrases = phrases;
      if (frame.flags & SYN) this.#streams.delete(frame.id);
    }
    this.#listener.onSighting(frame, phrases);
  }

  #readPayload(frame: Frame, bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing);
    const part = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
    this.#missing -= end - at;
    if (this.#missing === 0) this.#frame = undefined;
    this.#listener.onData(frame.id, part);
    if (this.#readsMessages) this.#streamOf(frame.id).read(part, this.#phrases);
    return end;
  }

  #streamOf(id: number): StreamReader {
    let reader = this.#streams.get(id);
    if (reader === undefined) {
      // The host opens streams with odd ids, and the plugin opens streams with even ids.
      reader = new StreamReader(id, (id % 2 === 0) === this.#isUpstream);
      this.#streams.set(id, reader);
    }
    return reader;
  }
}
