/** Pings in flight, their round trips, and keep-alive on top of them. */

import { MuxError } from './errors.ts';
import { MAX_UINT32 } from './frame.ts';

interface Ping {
  readonly sentAt: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (roundTripMs: number) => void;
  readonly reject: (error: MuxError) => void;
}

export class Pings {
  readonly #send: (value: number) => void;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, Ping>();
  #next = 0;
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(send: (value: number) => void, timeoutMs: number) {
    this.#send = send;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Asks, and resolves with the milliseconds until the answer. Rejects with `MUX_PING_TIMEOUT` where none comes. Where
   * nobody waits for it, it does not hold the event loop.
   */
  ask(isAwaited = true): Promise<number> {
    return new Promise((resolve, reject) => {
      const value = this.#next;
      this.#next = value === MAX_UINT32 ? 0 : value + 1;
      const timer = setTimeout(() => {
        this.#waiting.delete(value);
        reject(
          new MuxError('MUX_PING_TIMEOUT', `the peer did not answer a ping within ${this.#timeoutMs} ms`),
        );
      }, this.#timeoutMs);
      if (!isAwaited) timer.unref();
      this.#waiting.set(value, { sentAt: performance.now(), timer, resolve, reject });
      this.#send(value);
    });
  }

  /** An answer came. One that nobody waits for is normal: its ping may have timed out. */
  onAnswer(value: number): void {
    const ping = this.#waiting.get(value);
    if (ping === undefined) return;
    this.#waiting.delete(value);
    clearTimeout(ping.timer);
    ping.resolve(performance.now() - ping.sentAt);
  }

  /**
   * Asks every `intervalMs`, unless `wasHeard` says that something came in the meantime; an answer that stays out is
   * told to `onLost`.
   */
  keepAlive(intervalMs: number, wasHeard: () => boolean, onLost: (cause: MuxError) => void): void {
    this.#keepAlive = setInterval(() => {
      if (!wasHeard()) this.ask(false).catch((error: unknown) => onLost(error as MuxError));
    }, intervalMs).unref();
  }

  /** Ends keep-alive and every ping that waits. */
  close(reason: MuxError): void {
    clearInterval(this.#keepAlive);
    for (const ping of this.#waiting.values()) {
      clearTimeout(ping.timer);
      ping.reject(reason);
    }
    this.#waiting.clear();
  }
}
