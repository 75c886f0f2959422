/**
 * Requests and notifications of the peer that wait until the peer reads the answers to its calls. They are
 * kept as bytes, because the objects of a small call take many times the memory of its bytes.
 */
import { PipeworkError } from '../../base/errors.ts';
import { IncomingMessage } from '../wire/incoming-message.ts';
import type { PlainSink } from '../wire/message-reader.ts';
import { atLargeBin, type Scanner } from '../wire/scanner.ts';

/**
 * The maximum number of bytes that may wait in one conversation. More than a million of the smallest calls
 * fit. With large arguments, far fewer calls reach the limit.
 */
const maxBytes = 32 * 1024 * 1024;
const blockBytes = 16 * 1024;

/** Whole messages, one after another. A message with large bins has a block of its own. */
interface Block {
  readonly bytes: Buffer;
  readonly bins: readonly Uint8Array[];
  from: number;
  to: number;
}

/** Returns the size of a message: `length` bytes, plus the bytes of its large bins. */
const sizeOf = (length: number, bins: readonly Uint8Array[]): number =>
  bins.reduce((sum, bin) => sum + bin.length, length);

export class PostponedMessages {
  readonly #message: IncomingMessage;
  readonly #peer: string;
  #blocks: Block[] = [];
  #bytes = 0;
  readonly #emptied: (() => void)[] = [];

  constructor(scanner: Scanner, peer: string) {
    this.#message = new IncomingMessage(scanner);
    this.#peer = peer;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** Resolves as soon as no message waits. */
  async emptied(): Promise<void> {
    if (!this.isEmpty) await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }

  /** Appends a copy of the message. Throws `RPC_OVERLOADED` if too many bytes wait. */
  add(source: Uint8Array, start: number, end: number, bins: readonly Uint8Array[]): void {
    const length = end - start;
    this.#bytes += sizeOf(length, bins);
    if (this.#bytes > maxBytes)
      throw new PipeworkError(
        'RPC_OVERLOADED',
        `${this.#peer} sent more than ${maxBytes / 1024 / 1024} MiB of calls while it read no answers. It must read answers while it calls`,
      );
    let block = this.#blocks.at(-1);
    if (
      block === undefined ||
      block.bins.length + bins.length > 0 ||
      block.bytes.length - block.to < length
    ) {
      const bytes = Buffer.allocUnsafeSlow(Math.max(length, bins.length > 0 ? 0 : blockBytes));
      block = { bytes, bins, from: 0, to: 0 };
      this.#blocks.push(block);
    }
    block.bytes.set(source.subarray(start, end), block.to);
    block.to += length;
  }

  /**
   * Takes the first message, and passes it to `takePlain`, or to `take` if `takePlain` returns 0. Must be
   * called only while a message waits, and not by these functions.
   */
  handleFirst(takePlain: PlainSink, take: (message: IncomingMessage) => void): void {
    const block = this.#blocks[0]!;
    const { bytes, bins, from, to } = block;
    const end = this.#endOf(bytes, from, to);
    block.from = end;
    this.#bytes -= sizeOf(end - from, bins);
    if (end === to) this.#blocks.shift();
    const message = this.#message;
    message.set(bytes, from, end, bins);
    if (bins.length > 0 || takePlain(bytes, from, end) === 0) take(message);
    message.release();
    message.scanner.reset();
    if (this.isEmpty) this.clear();
  }

  #endOf(bytes: Uint8Array, from: number, to: number): number {
    const { scanner } = this.#message;
    let at = scanner.scan(bytes, from, to);
    while (at === atLargeBin) {
      scanner.passedBin();
      at = scanner.scan(bytes, scanner.position + scanner.binLength, to);
    }
    return at;
  }

  /** Drops everything. */
  clear(): void {
    this.#blocks = [];
    this.#bytes = 0;
    for (const resolve of this.#emptied.splice(0)) resolve();
  }
}
