/** The services that the host offers, as the plugin reaches them. */
import type { RawStream } from '@pipework/mux/lean';
import { markSent, PipeworkError } from '../base/errors.ts';
import type { CallInterceptor } from '../rpc/api/interceptors.ts';
import { askToDispense } from '../rpc/calls/ask-to-dispense.ts';
import { Conversation } from '../rpc/calls/conversation.ts';
import { dispensedRemote, type Remote } from '../rpc/calls/dispensed-remote.ts';
import type { Shared } from '../session/shared.ts';
import { implementationPrefix, sentences, serviceMethods } from '../session/wire-words.ts';

/** A plugin's way to the services of its host, while the session lives. */
export interface ServiceHost<S = Record<string, object>> {
  /**
   * Asks the host for its implementation of a service and returns what calls it. Each dispense is an implementation of its own, disposed of
   * in the host when the remote is. Rejects with `RPC_UNKNOWN_SERVICE` if the host does not offer the name, or offers no services at all.
   */
  dispense<K extends keyof S & string>(name: K): Promise<Remote<S[K]>>;
}

export class HostServices implements ServiceHost {
  readonly #shared: Shared;
  readonly #callInterceptors: readonly CallInterceptor[];
  /** The conversation in which services are asked for. Opened by the first question. */
  #conversation: Conversation | undefined;
  /** The conversations with services. */
  readonly #dispensed = new Set<Conversation>();

  constructor(shared: Shared, callInterceptors: readonly CallInterceptor[]) {
    this.#shared = shared;
    this.#callInterceptors = callInterceptors;
  }

  async dispense<T>(name: string): Promise<Remote<T>> {
    const shared = this.#shared;
    if (!shared.capabilities.has('host')) {
      throw new PipeworkError(
        'RPC_UNKNOWN_SERVICE',
        `${sentences.unknownService}${name}: this host offers no services (provide in its ClientConfig)`,
      );
    }
    const id = await askToDispense(this.#ask(), serviceMethods.dispense, name, 'the host');
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

  /** Called when this side leaves. Dispenses and calls that are pending fail with the reason; later ones are made. */
  leave(reason: Error): void {
    this.#conversation?.leave(reason);
    for (const conversation of this.#dispensed) conversation.leave(reason);
  }

  /** Called when the host has ended the session. Dispenses and calls that are pending, and later ones, fail with `RPC_CLOSED`. */
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

/** Opens a stream. If the session takes none any more, the dispense that needs it fails as a call would: with `RPC_CLOSED`. */
function opened(open: () => RawStream, sent: boolean): RawStream {
  try {
    return open();
  } catch (cause) {
    throw markSent(new PipeworkError('RPC_CLOSED', 'the connection to the host has ended', { cause }), sent);
  }
}
