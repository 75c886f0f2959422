/** The pings under way, their round-trip times, and the keep-alive that sends pings. */

import { DeadlineQueue } from './deadline-queue.ts';
import { MuxError } from './errors.ts';
import { MAX_UINT32 } from './frame.ts';
import type { Timers } from './timers.ts';

interface Ping {
  readonly sentAt: number;
  /** The queue that holds the ping until its answer arrives. */
  readonly waits: DeadlineQueue<number>;
  readonly resolve: (roundTripMs: number) => void;
  readonly reject: (error: MuxError) => void;
}

export class Pings {
  readonly #send: (value: number) => void;
  readonly #timers: Timers;
  readonly #pings = new Map<number, Ping>();
  /** The values of pings that callers asked for. Each such ping keeps the event loop alive. */
  readonly #asked: DeadlineQueue<number>;
  /** The values of the pings that keep-alive sent. */
  readonly #unasked: DeadlineQueue<number>;
  /** The value of the next ping. */
  nextValue = 0;
  #keepAlive: DeadlineQueue<'interval'> | undefined;

  constructor(send: (value: number) => void, timeoutMs: number, timers: Timers) {
    this.#send = send;
    this.#timers = timers;
    const expire = (value: number): void => {
      const { reject } = this.#pings.get(value)!;
      this.#pings.delete(value);
      reject(new MuxError('MUX_PING_TIMEOUT', `the peer did not answer a ping within ${timeoutMs} ms`));
    };
    this.#asked = new DeadlineQueue(timeoutMs, expire, timers);
    this.#asked.holdLoop();
    this.#unasked = new DeadlineQueue(timeoutMs, expire, timers);
  }

  /**
   * Sends a ping, and resolves with the milliseconds until its answer. Rejects with `MUX_PING_TIMEOUT` if no
   * answer comes in time.
   */
  ask(): Promise<number> {
    return this.#ping(this.#asked);
  }

  /**
   * Resolves the ping that was sent with this value. An answer without a ping is normal, because the ping may
   * have timed out.
   */
  onAnswer(value: number): void {
    const ping = this.#pings.get(value);
    if (ping === undefined) return;
    this.#pings.delete(value);
    ping.waits.delete(value);
    ping.resolve(this.#timers.performance.now() - ping.sentAt);
  }

  /**
   * Calls `wasHeard` every `intervalMs` milliseconds. If `wasHeard` returns false, nothing has arrived since
   * the last call, and a ping is sent. Calls `onLost` if a ping is not answered.
   */
  keepAlive(intervalMs: number, wasHeard: () => boolean, onLost: (cause: MuxError) => void): void {
    const onInterval = (item: 'interval'): void => {
      intervals.add(item);
      if (!wasHeard()) this.#ping(this.#unasked).catch((error: unknown) => onLost(error as MuxError));
    };
    const intervals = new DeadlineQueue(intervalMs, onInterval, this.#timers);
    intervals.add('interval');
    this.#keepAlive = intervals;
  }

  /** Ends keep-alive, and rejects every ping with `reason`. */
  close(reason: MuxError): void {
    this.#keepAlive?.clear();
    this.#keepAlive = undefined;
    this.#asked.clear();
    this.#unasked.clear();
    for (const ping of this.#pings.values()) ping.reject(reason);
    this.#pings.clear();
  }

  #ping(waits: DeadlineQueue<number>): Promise<number> {
    return new Promise((resolve, reject) => {
      const value = this.nextValue;
      this.nextValue = value === MAX_UINT32 ? 0 : value + 1;
      waits.add(value);
      this.#pings.set(value, { sentAt: this.#timers.performance.now(), waits, resolve, reject });
      this.#send(value);
    });
  }
}
