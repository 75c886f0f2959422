/**
 * One plugin process, from its launch until nothing of it is left. This file contains the only `new Client`
 * of this package.
 */
import {
  Client,
  isPipeworkError,
  PluginExitError,
  type ClientConfig,
  type Command,
  type HandlerInterceptor,
  type PluginExit,
  type Remote,
  type RPCClientOf,
} from '@pipework/core';
import type { SupervisorSettings } from './options.ts';

/** How a process is asked to leave. */
export type Leave = { readonly how: 'drain'; readonly drainMs: number } | { readonly how: 'quit' | 'kill' };

interface Dispensing<P> {
  readonly name: keyof P & string;
  readonly remote: Promise<Remote<P[keyof P]>>;
}

export class FleetProcess<P> {
  /** The process's number, counted over all processes of one supervisor or pool. */
  readonly number: number;
  /** Resolves after nothing of the process is left: to its exit, or to undefined if it was never started. */
  readonly gone: Promise<PluginExit | undefined>;
  readonly #client: Client<P>;
  readonly #settings: SupervisorSettings<P>;
  readonly #leaving = new AbortController();
  /**
   * The implementations that this process has dispensed, by owner. An owner stands for one remote of the
   * user. A remote has one implementation in each process.
   */
  readonly #dispensing = new Map<object, Dispensing<P>>();
  /**
   * The implementations whose promise in `#dispensing` has resolved, by owner. They are kept here so that a
   * call need not wait for the promise.
   */
  readonly #dispensed = new Map<object, Remote<P[keyof P]>>();
  #rpc: RPCClientOf<P> | undefined;
  #resolveGone!: (exit: PluginExit | undefined) => void;
  /** Called when the plugin calls a service of the host. */
  onServiceCall: () => void = () => {};

  /** Starts nothing. Throws `CONFIG_INVALID` if an option of the client is invalid. */
  constructor(number: number, settings: SupervisorSettings<P>, cmd: Command) {
    this.number = number;
    this.#settings = settings;
    this.gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    this.#client = settings.context.runInAsyncScope(() => new Client<P>(this.#config(cmd)));
    void this.#client.exit.then((exit) => {
      this.#leaving.abort(new PluginExitError(settings.name, exit));
      this.#resolveGone(exit);
    });
  }

  #config(cmd: Command): ClientConfig<Record<never, never>, P> {
    const { client, idleMs } = this.#settings;
    const config = { ...client, cmd };
    if (idleMs === Infinity || config.provide === undefined) return config;
    const count: HandlerInterceptor = (_call, next) => {
      this.onServiceCall();
      return next();
    };
    return { ...config, handlerInterceptors: [count, ...(config.handlerInterceptors ?? [])] };
  }

  /** The connection; undefined until the handshake is complete. */
  get rpc(): RPCClientOf<P> | undefined {
    return this.#rpc;
  }

  get pid(): number | undefined {
    return this.#client.pid;
  }

  /**
   * Starts the process and runs `setup`. If either fails, begins to end the process, and rejects with the
   * failure.
   */
  start(): Promise<RPCClientOf<P>> {
    return this.#settings.context.runInAsyncScope(() => this.#start());
  }

  async #start(): Promise<RPCClientOf<P>> {
    try {
      const rpc = await this.#client.client();
      this.#rpc = rpc;
      await this.#setUp(rpc);
      return rpc;
    } catch (error) {
      // If no process is left after the failed start, `kill()` resolves immediately.
      void this.#client.kill().then((exit) => this.#resolveGone(exit));
      throw error;
    }
  }

  async #setUp(rpc: RPCClientOf<P>): Promise<void> {
    const { setup, startTimeoutMs, clock } = this.#settings;
    if (setup === undefined) return;
    const { signal } = this.#leaving;
    signal.throwIfAborted();
    let end!: (error: Error) => void;
    const ended = new Promise<never>((_, reject) => {
      end = reject;
    });
    const onLeaving = (): void => end(signal.reason as Error);
    signal.addEventListener('abort', onLeaving, { once: true });
    const cancel = clock.after(startTimeoutMs, () =>
      end(new Error(`setup() did not settle within ${startTimeoutMs} ms (startTimeout)`)),
    );
    try {
      // `setup` is called inside an async function, so that a throw counts as a rejection.
      await Promise.race([ended, (async () => setup(rpc, { signal, generation: this.number }))()]);
    } finally {
      cancel();
      signal.removeEventListener('abort', onLeaving);
    }
  }

  /**
   * Returns the implementation that `owner` has in this process. The implementation is dispensed at its first
   * use.
   */
  dispense<K extends keyof P & string>(owner: object, name: K): Promise<Remote<P[K]>> {
    const known = this.#dispensing.get(owner);
    if (known !== undefined) return known.remote as Promise<unknown> as Promise<Remote<P[K]>>;
    const dispensing = this.#rpc!.dispense(name);
    const remote = dispensing as Promise<unknown> as Promise<Remote<P[keyof P]>>;
    this.#dispensing.set(owner, { name, remote });
    dispensing.then(
      (remote) => this.#dispensed.set(owner, remote as unknown as Remote<P[keyof P]>),
      // The caller gets the failure from `dispensing`. The next call dispenses again.
      () => this.#dispensing.delete(owner),
    );
    return dispensing;
  }

  /**
   * Dispenses an implementation for each owner that has one in `other`. So the owner's first call on this
   * process needs one round trip instead of two. A failure is ignored, because the next call dispenses again.
   */
  adopt(other: FleetProcess<P>): void {
    for (const [owner, { name }] of other.#dispensing) this.dispense(owner, name).catch(() => {});
  }

  /**
   * Returns the implementation of `owner` if {@link dispense} has resolved to it, and otherwise undefined.
   */
  dispensed(owner: object): Remote<P[keyof P]> | undefined {
    return this.#dispensed.get(owner);
  }

  /**
   * Called when `remote`, the implementation of `owner`, may have ended while the process continues. The
   * owner's next call dispenses again.
   */
  forget(owner: object, remote: object): void {
    if (this.#dispensed.get(owner) === remote) this.release(owner);
  }

  /** Disposes of the implementation that `owner` has in this process. */
  release(owner: object): void {
    const dispensing = this.#dispensing.get(owner);
    this.#dispensing.delete(owner);
    this.#dispensed.delete(owner);
    dispensing?.remote.then(
      (remote) => (remote as Partial<Disposable>)[Symbol.dispose]?.(),
      () => {},
    );
  }

  /**
   * Ends the process. A further call with `quit` or `kill` can make the process end sooner. No call makes it
   * end later.
   */
  async leave(leave: Leave): Promise<void> {
    if (leave.how === 'drain')
      await this.#client.drain({ timeoutMs: leave.drainMs, signal: this.#leaving.signal });
    this.#leaving.abort(new Error('the process was told to leave'));
    const exit = await this.#client.kill(leave.how === 'kill' ? { gracePeriod: 0 } : {});
    this.#resolveGone(exit);
  }
}

/** True if another start with the same configuration would fail in the same way. */
export function isPermanent(error: unknown): boolean {
  return isPipeworkError(error) && (error as { permanent?: unknown }).permanent === true;
}
