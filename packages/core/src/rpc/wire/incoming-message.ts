/** One received message: its bytes, and the fields that have been read from them. */
import type { Scanner } from './scanner.ts';
import { payloadBytes } from './tokens.ts';

const noBytes = new Uint8Array(0);
export const noBins: readonly Uint8Array[] = [];

/**
 * The message that a reader received last. Each reader reuses one such object. The bytes are valid until the
 * reader's sink returns.
 */
export class IncomingMessage {
  source: Uint8Array = noBytes;
  /** The message is `source[start..end)`. */
  start = 0;
  end = 0;
  /** The position at which the next element begins. */
  at = 0;
  /** The large bins of the message, in order, if they are kept apart from `source`. */
  bins: readonly Uint8Array[] = noBins;
  /** The scanner that found the message's end, with its `flags` for this message. */
  readonly scanner: Scanner;

  // The envelope. These fields are valid after `readEnvelope()`.
  type = 0;
  /** How many elements the outer array has. */
  size = 0;
  /** The message id of a request or response. */
  id = 0;
  /** The method of a request or notification. */
  method = '';

  constructor(scanner: Scanner) {
    this.scanner = scanner;
  }

  /** Sets the bytes of the next message. */
  set(source: Uint8Array, start: number, end: number, bins: readonly Uint8Array[]): void {
    this.source = source;
    this.start = start;
    this.end = end;
    this.at = start;
    this.bins = bins;
  }

  /**
   * Reads the element at `at` as an integer in any of MessagePack's forms, and moves `at` to the next
   * element. Returns undefined if the element is no integer from 0 to 2^32 - 1.
   */
  takeUint(): number | undefined {
    const { source } = this;
    let { at } = this;
    const token = source[at++]!;
    let value = token;
    if (token >= 0x80) {
      if (token < 0xcc || token > 0xd3 || (token >= 0xd0 && source[at]! >= 0x80)) return undefined;
      const end = at + payloadBytes[token]!;
      for (value = 0; at < end; at++) value = value * 256 + source[at]!;
      if (value > 0xffff_ffff) return undefined;
    }
    this.at = at;
    return value;
  }

  /** Releases the bytes, which may be many. */
  release(): void {
    this.source = noBytes;
    this.bins = noBins;
  }
}
