/** Makes a remote that several processes serve, one after another. */
import { createRemote, type CallOptions, type Remote } from '@pipework/core';
import { TimeLimit, type Clock } from '../clock.ts';
import type { FleetProcess } from '../process.ts';
import { forward, isLost, mayGoElsewhere, signalOf } from './forward.ts';
import { onAbort } from './on-abort.ts';
import { markUnsent } from './unsent.ts';
import type { WaitLimits } from './waiting.ts';

/** The functions and values by which a remote sends its calls to processes. */
export interface Route<P> {
  /**
   * Called when the user has disposed of the remote. Disposes of the remote's implementations in all
   * processes.
   */
  release(owner: object): void;
  readonly clock: Clock;
  /** The process that accepts calls at this moment. */
  readonly current: FleetProcess<P> | undefined;
  /** Resolves with a ready process that was launched after process number `after`. */
  next(after: number, limits: WaitLimits): Promise<FleetProcess<P>>;
  /** Called when a call is made, because a call shows that the plugin is in use. */
  used(): void;
  /** Makes the error of a call that was not sent before its deadline. */
  late(): Error;
}

/** A remote whose calls go to many processes. */
export interface FleetRemote<P, K extends keyof P> {
  readonly remote: Remote<P[K]>;
  /** Resolves once a process has an implementation for the remote. Rejects if the name is unknown. */
  prepare(): Promise<void>;
}

/**
 * Makes a remote. Each call goes to the process that is current when the call is made. If no process is
 * current, the call waits for one. If a process is lost before anything of a call was sent, the call goes to
 * the next process. A call that was sent is never sent again.
 */
export function fleetRemote<P, K extends keyof P & string>(route: Route<P>, name: K): FleetRemote<P, K> {
  // This object identifies the remote in every process.
  const owner = {};
  const remote = createRemote<P[K]>(
    (method, args, options) => {
      route.used();
      const process = route.current;
      const dispensed = process?.dispensed(owner);
      if (process === undefined || dispensed === undefined)
        return new WaitingCall(route, owner, name, method, args, options).make(0);
      return forward(dispensed, method, args, options).catch((error: unknown) => {
        if (!mayGoElsewhere(error)) throw error;
        process.forget(owner, dispensed);
        return new WaitingCall(route, owner, name, method, args, options).make(process.number - 1);
      });
    },
    { dispose: () => route.release(owner) },
  );
  return { remote, prepare: () => prepare(route, owner, name) };
}

async function prepare<P, K extends keyof P & string>(
  route: Route<P>,
  owner: object,
  name: K,
): Promise<void> {
  for (let tried = 0; ;) {
    const process = await route.next(tried, { signal: undefined, remainingMs: undefined });
    tried = process.number;
    try {
      await process.dispense(owner, name);
      return;
    } catch (error) {
      if (!isLost(error)) throw error;
    }
  }
}

/** A call that has to wait for a process. */
class WaitingCall<P, K extends keyof P & string> {
  readonly #route: Route<P>;
  readonly #owner: object;
  readonly #name: K;
  readonly #method: string;
  readonly #args: unknown[];
  readonly #options: CallOptions | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #deadline: TimeLimit | undefined;

  constructor(
    route: Route<P>,
    owner: object,
    name: K,
    method: string,
    args: unknown[],
    options: CallOptions | undefined,
  ) {
    this.#route = route;
    this.#owner = owner;
    this.#name = name;
    this.#method = method;
    this.#args = args;
    this.#options = options;
    this.#signal = signalOf(args, options);
    const deadlineMs = options?.deadlineMs;
    this.#deadline = deadlineMs === undefined ? undefined : new TimeLimit(route.clock, deadlineMs);
  }

  /**
   * Makes the call on a process that was launched after process number `after`. If that process is lost
   * before the call is sent, a later process gets the call. If only the implementation has ended, the process
   * dispenses another one.
   */
  async make(after: number): Promise<unknown> {
    for (let tried = after; ;) {
      const process = await this.#route.next(tried, this.#limits());
      tried = process.number;
      let remote: Remote<P[K]>;
      try {
        remote = await this.#withinLimits(process.dispense(this.#owner, this.#name));
      } catch (error) {
        // The next process can be asked for an implementation, because the call itself was not sent.
        if (isLost(error)) continue;
        throw error;
      }
      try {
        return await forward(remote, this.#method, this.#args, this.#remainingOptions());
      } catch (error) {
        if (!mayGoElsewhere(error)) throw error;
        process.forget(this.#owner, remote);
        tried = process.number - 1;
      }
    }
  }

  #limits(): WaitLimits {
    return { signal: this.#signal, remainingMs: this.#remainingMs() };
  }

  #remainingMs(): number | undefined {
    return this.#deadline === undefined ? undefined : Math.max(0, this.#deadline.leftMs);
  }

  /** Returns the call's options with the time that is left until its deadline. */
  #remainingOptions(): CallOptions | undefined {
    const deadlineMs = this.#remainingMs();
    return deadlineMs === undefined
      ? this.#options
      : { ...this.#options, deadlineMs: Math.max(1, deadlineMs) };
  }

  #withinLimits<T>(promise: Promise<T>): Promise<T> {
    const { signal, remainingMs } = this.#limits();
    if (signal === undefined && remainingMs === undefined) return promise;
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => reject(markUnsent(signal?.reason as Error));
      const stopListening = onAbort(signal, abort);
      if (signal?.aborted === true) abort();
      const cancel =
        remainingMs === undefined
          ? () => {}
          : this.#route.clock.after(remainingMs, () => reject(this.#route.late()));
      promise.then(resolve, reject).finally(() => {
        stopListening();
        cancel();
      });
    });
  }
}
