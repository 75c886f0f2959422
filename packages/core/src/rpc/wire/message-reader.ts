/**
 * Turns the chunks of one stream into whole messages. A message that is in one chunk is read in place. If a
 * message is in several chunks, its parts are copied into one buffer.
 */
import type { UnfinishedBudget } from '../../session/unfinished.ts';
import { countReceived } from './malloc-trim.ts';
import { IncomingMessage, noBins } from './incoming-message.ts';
import type { Scanner } from './scanner.ts';
import { atLargeBin, incomplete } from './scanner.ts';
import { binPlaceholder } from './extension.ts';

/** Receives each message. The message's bytes are valid until the sink returns. */
export type MessageSink = (message: IncomingMessage) => void;

/**
 * Called before a message is scanned. If a plain message begins at `start`, handles the message and returns
 * the position after it. Otherwise returns 0.
 */
export type PlainSink = (source: Uint8Array, start: number, end: number) => number;

const firstCapacity = 4 * 1024;
// The buffer for a bin has at most this size at first, whatever length the bin's header claims. When the
// buffer is full, the bin gets a buffer of four times the size.
const firstBinCapacity = 1024 * 1024;

export class MessageReader {
  readonly #scanner: Scanner;
  readonly #message: IncomingMessage;
  readonly #budget: UnfinishedBudget;
  readonly #sink: MessageSink;
  readonly #takePlain: PlainSink | undefined;
  #gathered: Buffer | undefined;
  #length = 0;
  #bins: Uint8Array[] = [];
  #bin: Uint8Array | undefined;
  #binFilled = 0;
  #charged = 0;
  #begun = 0;
  #hasEnded = false;

  constructor(scanner: Scanner, budget: UnfinishedBudget, sink: MessageSink, takePlain?: PlainSink) {
    this.#scanner = scanner;
    this.#message = new IncomingMessage(scanner);
    this.#budget = budget;
    this.#sink = sink;
    this.#takePlain = takePlain;
  }

  /**
   * The number of the message that has begun but not ended; 0 if there is none. Only messages that arrive in
   * several chunks are numbered, from 1 on.
   */
  get unfinished(): number {
    return this.#gathered === undefined ? 0 : this.#begun;
  }

  /**
   * Reads the next bytes, `chunk[from..end)`, and calls the sink for each message that these bytes complete.
   * Throws if the peer broke a limit or the format.
   */
  push(chunk: Uint8Array, from: number = 0, end: number = chunk.length): void {
    const scanner = this.#scanner;
    let at = from;
    while (!this.#hasEnded) {
      const start = at;
      if (this.#bin !== undefined) {
        at = this.#fillBin(chunk, at, end);
        if (this.#bin !== undefined) return;
        at = this.#scanOn(chunk, at, at, end);
      } else if (at < end) {
        if (this.#takePlain !== undefined && this.#gathered === undefined) {
          at = this.#takePlain(chunk, start, end);
          if (at > 0) continue;
          at = start;
        }
        at = this.#scanOn(chunk, start, at, end);
      } else {
        return;
      }
      if (at === incomplete) return;
    }
    scanner.reset();
  }

  /** Drops the gathered bytes. After this call, no message is delivered. */
  stop(): void {
    this.#hasEnded = true;
    this.#release();
  }

  /**
   * Scans from `from` on, and delivers the message if it is complete. The bytes of the message from `start`
   * on are not gathered yet. Returns the position at which to continue, or {@link incomplete}.
   */
  #scanOn(chunk: Uint8Array, start: number, from: number, end: number): number {
    const scanner = this.#scanner;
    let at = from;
    for (;;) {
      const found = scanner.scan(chunk, at, end);
      if (found >= 0) {
        this.#deliver(chunk, start, found);
        return found;
      }
      if (found === incomplete) {
        this.#gather(chunk, start, end);
        return incomplete;
      }
      const { position, binLength } = scanner;
      if (found === atLargeBin && this.#gathered === undefined && position + binLength <= end) {
        scanner.passedBin();
        at = position + binLength;
        continue;
      }
      this.#gather(chunk, start, position);
      this.#length -= scanner.binHeader;
      const placeholder = binPlaceholder(this.#bins.length);
      this.#gather(placeholder, 0, placeholder.length);
      this.#startBin(binLength);
      return position;
    }
  }

  #deliver(chunk: Uint8Array, start: number, end: number): void {
    const message = this.#message;
    const gathered = this.#gathered;
    if (gathered === undefined) {
      message.set(chunk, start, end, noBins);
    } else {
      this.#gather(chunk, start, end);
      message.set(this.#gathered ?? gathered, 0, this.#length, this.#bins);
      this.#release();
    }
    this.#sink(message);
    message.release();
    this.#scanner.reset();
  }

  #gather(chunk: Uint8Array, start: number, end: number): void {
    const needed = this.#length + end - start;
    let gathered = this.#gathered;
    if (gathered === undefined) this.#begun++;
    if (gathered === undefined || gathered.length < needed) {
      const capacity = Math.max(firstCapacity, needed, this.#length * 2);
      this.#charge(capacity - (gathered?.length ?? 0));
      const larger = Buffer.allocUnsafeSlow(capacity);
      gathered?.copy(larger, 0, 0, this.#length);
      this.#gathered = gathered = larger;
    }
    gathered.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), this.#length);
    this.#length = needed;
  }

  #startBin(length: number): void {
    const capacity = Math.min(length, firstBinCapacity);
    this.#charge(capacity);
    this.#bin = new Uint8Array(Buffer.allocUnsafeSlow(capacity).buffer);
    this.#binFilled = 0;
    countReceived(length);
  }

  #fillBin(chunk: Uint8Array, from: number, end: number): number {
    const length = this.#scanner.binLength;
    const take = Math.min(length - this.#binFilled, end - from);
    let bin = this.#bin!;
    if (this.#binFilled + take > bin.length) {
      const capacity = Math.min(length, Math.max(bin.length * 4, this.#binFilled + take));
      this.#charge(capacity - bin.length);
      const larger = new Uint8Array(Buffer.allocUnsafeSlow(capacity).buffer);
      larger.set(bin.subarray(0, this.#binFilled));
      this.#bin = bin = larger;
    }
    bin.set(chunk.subarray(from, from + take), this.#binFilled);
    this.#binFilled += take;
    if (this.#binFilled === length) {
      this.#bins.push(bin);
      this.#bin = undefined;
      this.#scanner.passedBin();
    }
    return from + take;
  }

  #charge(bytes: number): void {
    this.#budget.used += bytes;
    this.#charged += bytes;
  }

  #release(): void {
    this.#budget.used -= this.#charged;
    this.#charged = 0;
    this.#gathered = undefined;
    this.#length = 0;
    this.#bins = [];
    this.#bin = undefined;
  }
}
