/**
 * One direction of bytes in memory, like a pipe of the operating system. The pipe has a Writable at one end,
 * a Readable at the other, and a bounded buffer between them. The pipe applies faults to the bytes, and
 * delivers them on a later turn of the event loop.
 */
import { AsyncResource } from 'node:async_hooks';
import { Readable, Writable } from 'node:stream';
import { chain, type Fault, type FaultEvent, type FaultStep } from '../faults/fault.ts';
import { clearRealTimeout, setRealImmediate, setRealTimeout } from '../real-time.ts';

/** Decides when bytes move. */
export interface Delivery {
  /**
   * The pipe calls `wake` when bytes wait in the pipe. `wake` must call `pipe.deliver()` on a later turn. If
   * bytes still wait after that, the pipe calls `wake` again.
   */
  wake(pipe: BytePipe): void;
}

export interface BytePipeOptions {
  /** How many bytes the pipe holds before its writer must wait. The default is 64 KiB, as on Linux. */
  readonly capacity?: number;
  readonly faults?: readonly Fault[];
  readonly delivery?: Delivery;
  /** Called with every chunk that leaves the pipe, after the faults were applied. */
  readonly onBytes?: (chunk: Uint8Array) => void;
  /** Called with a description of every event on the pipe, apart from the arrival of bytes. */
  readonly onEvent?: (text: string) => void;
}

/** On the next turn of the event loop, delivers everything that a pipe holds. */
const promptDelivery: Delivery = {
  wake(pipe) {
    setRealImmediate(() => {
      pipe.deliver();
    });
  },
};

export class BytePipe {
  readonly writable: Writable;
  readonly readable: Readable;
  /** The async context in which the pipe was made. As with a real pipe, the reader's code runs in it. */
  readonly #context = new AsyncResource('PIPEWORK_BYTE_PIPE');
  readonly #capacity: number;
  readonly #delivery: Delivery;
  readonly #step: FaultStep;
  readonly #options: BytePipeOptions;
  /**
   * The waiting events begin at `#head`. Past events are not shifted out, because a shift of a long array
   * moves all its items.
   */
  #queue: FaultEvent[] = [];
  #head = 0;
  /**
   * How many bytes were written and not read yet. While this number exceeds the capacity, the writer waits.
   */
  #heldBytes = 0;
  #onRoom: (() => void) | undefined;
  #readerWants = false;
  #isAwake = false;
  #isStalled = false;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(options: BytePipeOptions = {}) {
    this.#options = options;
    this.#capacity = options.capacity ?? 64 * 1024;
    this.#delivery = options.delivery ?? promptDelivery;
    this.#step = chain(options.faults ?? []);
    this.writable = new Writable({
      decodeStrings: true,
      write: (chunk: Uint8Array, _encoding, callback) => {
        this.#accept(chunk, callback);
      },
      final: (callback) => {
        this.#enqueue([...(this.#step.end?.() ?? []), { end: 'eof' }]);
        callback();
      },
      destroy: (error, callback) => {
        // If the writer is destroyed before it ends, the reader gets the end of file too, as with a real
        // pipe.
        this.#enqueue([{ end: 'eof' }]);
        callback(error);
      },
    });
    this.readable = new Readable({
      highWaterMark: Math.min(this.#capacity, 64 * 1024),
      read: () => {
        this.#readerWants = true;
        this.#wake();
      },
      destroy: (error, callback) => {
        this.#stop();
        // If a pipe has no reader, a write to it fails. The writer gets the error on a later turn.
        if (!this.writable.writableEnded && !this.writable.destroyed) this.writable.destroy(brokenPipe());
        callback(error);
      },
    });
    // The users of the two streams listen for errors. If a stream has no user, its error must not end the
    // process.
    this.writable.on('error', ignore);
    this.readable.on('error', ignore);
  }

  /** How many bytes were written and have not reached the reader. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** True if {@link deliver} could move something now. */
  get isReady(): boolean {
    return (
      this.#queue.length > 0 &&
      this.#readerWants &&
      !this.#isStalled &&
      this.#timer === undefined &&
      !this.#hasEnded
    );
  }

  /** Ends the direction now. Bytes on the way are lost. */
  sever(how: 'eof' | 'error'): void {
    if (this.#hasEnded) return;
    this.#dropQueue();
    this.#isStalled = false;
    this.#end(how, 'severed');
  }

  /** Holds everything back until the returned function is called. */
  stall(): () => void {
    this.#isStalled = true;
    this.#options.onEvent?.('stalled');
    return () => {
      if (!this.#isStalled) return;
      this.#isStalled = false;
      this.#options.onEvent?.('resumed');
      this.#wake();
    };
  }

  /** Moves at most `limit` bytes. Without a limit, moves everything that is ready. */
  deliver(limit: number = Number.POSITIVE_INFINITY): void {
    this.#context.runInAsyncScope(() => this.#deliver(limit));
  }

  #deliver(limit: number): void {
    this.#isAwake = false;
    let left = limit;
    while (this.isReady && left > 0) {
      const event = this.#queue[this.#head++];
      if (event === undefined) break;
      if (!('bytes' in event)) this.#happen(event);
      else {
        const now = event.bytes.subarray(0, left);
        if (now.length < event.bytes.length)
          this.#queue[--this.#head] = { bytes: event.bytes.subarray(now.length) };
        left -= now.length;
        this.#pass(now);
      }
    }
    if (this.#head >= this.#queue.length) this.#dropQueue();
    this.#wake();
  }

  #accept(chunk: Uint8Array, callback: () => void): void {
    if (this.#hasEnded) {
      callback();
      return;
    }
    // The pipe copies the chunk, as a real pipe does, because the writer may reuse its buffer.
    this.#enqueue(this.#step.push(Uint8Array.from(chunk)));
    if (this.#heldBytes <= this.#capacity) callback();
    else this.#onRoom = callback;
  }

  #enqueue(events: Iterable<FaultEvent>): void {
    if (this.#hasEnded) return;
    for (const event of events) {
      this.#queue.push(event);
      if ('bytes' in event) this.#heldBytes += event.bytes.length;
    }
    this.#wake();
  }

  #wake(): void {
    if (this.#isAwake || !this.isReady) return;
    this.#isAwake = true;
    this.#delivery.wake(this);
  }

  #pass(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#heldBytes -= bytes.length;
    this.#options.onBytes?.(bytes);
    this.#readerWants = this.readable.push(bytes);
    if (this.#heldBytes > this.#capacity || this.#onRoom === undefined) return;
    const resume = this.#onRoom;
    this.#onRoom = undefined;
    resume();
  }

  #happen(event: Exclude<FaultEvent, { bytes: Uint8Array }>): void {
    if ('end' in event) this.#end(event.end, 'ended');
    else if ('stall' in event) this.stall();
    else if (event.waitMs > 0) {
      this.#timer = setRealTimeout(() => {
        this.#timer = undefined;
        this.#wake();
      }, event.waitMs);
    }
  }

  #end(how: 'eof' | 'error', word: string): void {
    if (this.#hasEnded) return;
    this.#options.onEvent?.(how === 'eof' ? `${word}: end of file` : `${word}: broken pipe`);
    this.#stop();
    if (how === 'error') {
      this.readable.destroy(
        Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }),
      );
    } else this.readable.push(null);
  }

  #dropQueue(): void {
    this.#queue = [];
    this.#head = 0;
  }

  /** Stops all movement, and lets a writer that waits for room continue. */
  #stop(): void {
    this.#hasEnded = true;
    this.#dropQueue();
    this.#heldBytes = 0;
    clearRealTimeout(this.#timer);
    this.#timer = undefined;
    this.#onRoom?.();
    this.#onRoom = undefined;
  }
}

const brokenPipe = (): Error => Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' });

function ignore(): void {
  // The constructor says why the error is ignored.
}
