/** The plugin's side of the services that the host offers. */
import type { RawStream } from '@pipework/mux/lean';
import { markSent, PipeworkError } from '../base/errors.ts';
import type { CallInterceptor } from '../rpc/api/interceptors.ts';
import { askToDispense, checkDispense, type DispenseOptions } from '../rpc/calls/ask-to-dispense.ts';
import { Conversation } from '../rpc/calls/conversation.ts';
import { dispensedRemote, type Remote } from '../rpc/calls/dispensed-remote.ts';
import type { Shared } from '../session/shared.ts';
import { implementationPrefix, sentences, serviceMethods } from '../session/wire-words.ts';

/** Gives a plugin access to the services of its host, until the session ends. */
export interface ServiceHost<S = Record<string, object>> {
  /**
   * Asks the host to make a service, and resolves to a remote that calls it. Each dispense makes a new
   * implementation in the host. The host disposes of the implementation when the plugin disposes of the
   * remote, or when the session ends. Rejects with `RPC_UNKNOWN_SERVICE` if the host does not offer the name,
   * or offers no services at all. Waits until the host's factory has ended, or until `options.signal` aborts.
   */
  dispense<K extends keyof S & string>(name: K, options?: DispenseOptions): Promise<Remote<S[K]>>;
}

export class HostServices implements ServiceHost {
  readonly #shared: Shared;
  readonly #callInterceptors: readonly CallInterceptor[];
  /** The conversation on which this plugin dispenses services. The first dispense opens it. */
  #conversation: Conversation | undefined;
  /** The open conversations with dispensed services. */
  readonly #dispensed = new Set<Conversation>();

  constructor(shared: Shared, callInterceptors: readonly CallInterceptor[]) {
    this.#shared = shared;
    this.#callInterceptors = callInterceptors;
  }

  async dispense<T>(name: string, options: DispenseOptions = {}): Promise<Remote<T>> {
    const callOptions = checkDispense(name, options);
    const shared = this.#shared;
    if (!shared.capabilities.has('host')) {
      throw new PipeworkError(
        'RPC_UNKNOWN_SERVICE',
        `${sentences.unknownService}${name}: this host offers no services (provide in its ClientConfig)`,
      );
    }
    const id = await askToDispense(this.#ask(), serviceMethods.dispense, name, 'the host', callOptions);
    const conversation = new Conversation(
      opened(() => shared.broker.dialRaw(id), true),
      {
        shared,
        prefix: implementationPrefix,
        service: name,
        callInterceptors: this.#callInterceptors,
      },
    );
    this.#dispensed.add(conversation);
    void conversation.closed.then(() => this.#dispensed.delete(conversation));
    return dispensedRemote<T>(conversation, name);
  }

  /**
   * Must be called when the plugin leaves. Pending dispenses and calls fail with the reason. A dispense or
   * call that is made later is sent to the host.
   */
  leave(reason: Error): void {
    this.#conversation?.leave(reason);
    for (const conversation of this.#dispensed) conversation.leave(reason);
  }

  /**
   * Must be called when the host has ended the session. Pending and later dispenses and calls fail with
   * `RPC_CLOSED`.
   */
  end(): void {
    const reason = new PipeworkError('RPC_CLOSED', 'the host has ended the session');
    for (const conversation of this.#dispensed) conversation.close(reason);
    this.#conversation?.close(reason);
  }

  #ask(): Conversation {
    if (this.#conversation === undefined) {
      const shared = this.#shared;
      const conversation = new Conversation(
        opened(() => shared.broker.dialServices(), false),
        { shared },
      );
      this.#conversation = conversation;
      void conversation.closed.then(() => {
        if (this.#conversation === conversation) this.#conversation = undefined;
      });
    }
    return this.#conversation;
  }
}

/**
 * Opens a stream. `sent` says whether the dispense was already sent to the host. If the session can open no
 * more streams, throws an `RPC_CLOSED` error whose `sent` has this value.
 */
function opened(open: () => RawStream, sent: boolean): RawStream {
  try {
    return open();
  } catch (cause) {
    throw markSent(new PipeworkError('RPC_CLOSED', 'the connection to the host has ended', { cause }), sent);
  }
}
