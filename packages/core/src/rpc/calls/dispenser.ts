/**
 * Makes one implementation for each dispense, serves it on a separate stream, and disposes of it. Plugins
 * dispense implementations in this way, and hosts dispense their services.
 */
import { dispose } from '../../base/dispose.ts';
import { isPipeworkError, PipeworkError } from '../../base/errors.ts';
import { onAbort } from '../../base/on-abort.ts';
import { isError } from '../../base/realm.ts';
import type { Shared } from '../../session/shared.ts';
import { dispenseExpiryMs } from '../../session/session-options.ts';
import { implementationPrefix } from '../../session/wire-words.ts';
import type { HandlerInterceptor } from '../api/interceptors.ts';
import { servedObjectOf, type ServedObject } from '../api/served-object.ts';
import { Conversation } from './conversation.ts';

/**
 * Makes one implementation. `signal` aborts when the peer has released the implementation, or when this side
 * is leaving.
 */
export type DispenseFactory = (signal: AbortSignal) => unknown;

export interface DispenserOptions {
  readonly shared: Shared;
  /** Interceptors around each call of the dispensed implementations, the outermost first. */
  readonly handlerInterceptors: readonly HandlerInterceptor[];
  /** True if the dispensed implementations are services of the host. */
  readonly isService?: boolean;
  /**
   * Returns the factory with this name. If this side does not offer the name, throws the error for an unknown
   * name.
   */
  find(name: string): DispenseFactory;
  /** Returns why this side refuses new dispenses and calls; undefined while this side is not leaving. */
  refusal(): string | undefined;
  /** Reports a failure that cannot be sent to a caller. */
  report(message: string, error: unknown): void;
  /** Called when a call or a stream of a dispensed implementation has ended. */
  readonly onQuiet?: () => void;
}

/** An implementation that was dispensed and is not disposed of yet. */
interface Dispensed {
  readonly controller: AbortController;
  /** Undefined while the factory runs. */
  implementation: object | undefined;
}

/**
 * Runs a factory. If the factory fails, throws an error that names the factory. The `cause` is the factory's
 * error.
 */
async function runFactory(name: string, factory: DispenseFactory, signal: AbortSignal): Promise<unknown> {
  try {
    return await factory(signal);
  } catch (error) {
    const message = `the factory of ${name} failed: ${isError(error) ? error.message : String(error)}`;
    const failure: Error & { code?: unknown } = new Error(message, { cause: error });
    const { code } = Object(error) as { code?: unknown };
    if (code !== undefined) failure.code = code;
    throw failure;
  }
}

export class Dispenser {
  readonly #options: DispenserOptions;
  readonly #dispensed = new Set<Dispensed>();
  readonly #conversations = new Set<Conversation>();
  /** Conversations that have ended while some of their handlers still run. */
  readonly #unfinished = new Set<Conversation>();
  /** How many implementations the peer has asked for, but has not dialled yet. */
  #undialled = 0;

  constructor(options: DispenserOptions) {
    this.#options = options;
  }

  /** The conversations with the dispensed implementations. */
  get conversations(): ReadonlySet<Conversation> {
    return this.#conversations;
  }

  /**
   * Makes an implementation, and resolves with the broker id by which the peer reaches it. The id expires if
   * the peer does not dial it. If the factory fails, rejects with an error whose `cause` is the factory's
   * error. Rejects with the error for an unknown name, or with `RPC_SHUTTING_DOWN` if this side is leaving.
   * If `maxWaitingStreams` implementations have not been dialled yet, rejects with `RPC_OVERLOADED`.
   * `cancelled` aborts if the peer no longer wants the implementation.
   */
  async dispense(name: unknown, cancelled: AbortSignal): Promise<number> {
    this.#expectStaying();
    if (typeof name !== 'string')
      throw new PipeworkError(
        'RPC_PROTOCOL',
        `the name given to dispense() must be a text; got ${typeof name}`,
      );
    const { shared, find, report } = this.#options;
    const factory = find(name);
    const { maxWaitingStreams } = shared.limits;
    if (this.#undialled >= maxWaitingStreams) {
      throw new PipeworkError(
        'RPC_OVERLOADED',
        `dispense('${name}') was refused: ${this.#undialled} other implementations are being made, or were made and not dialled yet (maxWaitingStreams). Wait for some of them first`,
      );
    }
    const dispensed: Dispensed = { controller: new AbortController(), implementation: undefined };
    this.#dispensed.add(dispensed);
    this.#undialled += 1;
    const stop = onAbort(cancelled, () => dispensed.controller.abort(cancelled.reason));
    try {
      const served = await this.#make(name, factory, dispensed);
      cancelled.throwIfAborted();
      this.#expectStaying();
      const id = shared.broker.nextId();
      shared.broker.acceptWith(
        id,
        {
          // The stream must be served in this turn. The peer's first call may have arrived already, and the
          // session may end before the next turn.
          resolve: (stream) => {
            this.#undialled -= 1;
            this.#serve(name, stream, served, dispensed);
          },
          reject: (error) => {
            this.#undialled -= 1;
            // If the session has ended, there is nothing to report.
            if (isPipeworkError(error) && error.code === 'BROKER_TIMEOUT')
              report('a dispensed implementation was never used', error);
            void this.#letGo(dispensed);
          },
        },
        dispenseExpiryMs,
      );
      return id;
    } catch (error) {
      this.#undialled -= 1;
      void this.#letGo(dispensed);
      throw error;
    } finally {
      stop();
    }
  }

  #expectStaying(): void {
    const refusal = this.#options.refusal();
    if (refusal !== undefined) throw new PipeworkError('RPC_SHUTTING_DOWN', refusal);
  }

  async #make(name: string, factory: DispenseFactory, dispensed: Dispensed): Promise<ServedObject> {
    const implementation = (await runFactory(name, factory, dispensed.controller.signal)) as object;
    const served = servedObjectOf(implementation, `the result of the factory of ${name}`, name);
    dispensed.implementation = implementation;
    return served;
  }

  #serve(
    name: string,
    stream: ConstructorParameters<typeof Conversation>[0],
    served: ServedObject,
    dispensed: Dispensed,
  ): void {
    const { shared, handlerInterceptors, isService, refusal, onQuiet } = this.#options;
    const conversation = new Conversation(stream, {
      shared,
      served,
      prefix: implementationPrefix,
      service: name,
      handlerInterceptors,
      isService,
      onQuiet,
    });
    this.#conversations.add(conversation);
    const reason = refusal();
    if (reason !== undefined) conversation.refuseCalls(reason);
    void conversation.closed.then(() => {
      this.#conversations.delete(conversation);
      onQuiet?.();
      this.#unfinished.add(conversation);
      void conversation.idle().then(() => this.#unfinished.delete(conversation));
      void this.#letGo(dispensed);
    });
  }

  /** Disposes of an implementation. Further calls do nothing. Never rejects. */
  async #letGo(dispensed: Dispensed): Promise<void> {
    if (!this.#dispensed.delete(dispensed)) return;
    dispensed.controller.abort(
      new PipeworkError('RPC_CLOSED', 'the other side has released this implementation'),
    );
    try {
      if (dispensed.implementation !== undefined) await dispose(dispensed.implementation);
    } catch (error) {
      this.#options.report('disposing of an implementation failed', error);
    }
  }

  /** Aborts the signal of every dispensed implementation. */
  abort(reason: Error): void {
    for (const { controller } of this.#dispensed) controller.abort(reason);
  }

  /** Resolves as soon as no handler runs, including the handlers of conversations that have ended. */
  async ended(): Promise<void> {
    await Promise.all(
      [...this.#conversations, ...this.#unfinished].map((conversation) => conversation.idle()),
    );
  }

  /**
   * Revokes every reference that the peer holds, and disposes of every dispensed implementation. Never
   * rejects.
   */
  async letGoAll(): Promise<void> {
    await Promise.all([...this.#conversations].map((conversation) => conversation.takeBackReferences()));
    const made = [...this.#dispensed].filter(({ implementation }) => implementation !== undefined);
    await Promise.all(made.map((dispensed) => this.#letGo(dispensed)));
  }
}
