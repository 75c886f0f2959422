/**
 * The host's end of one session: mux, the first three streams, the broker. `HostEnd` works over any pair of
 * byte streams.
 */

import { LeanSession, type RawStream } from '@pipework/mux/lean';
import type { Readable, Writable } from 'node:stream';
import { Broker } from '../session/broker.ts';
import { sessionOptions } from '../session/session-options.ts';
import { implementationPrefix } from '../session/wire-words.ts';
import type { Limits } from '../base/limits.ts';
import type { Capability } from '../session/capabilities.ts';
import { Conversation } from '../rpc/calls/conversation.ts';
import type { CallInterceptor } from '../rpc/api/interceptors.ts';
import { Shared } from '../session/shared.ts';
import { SyncedReader, type SyncedTarget } from './output/synced-reader.ts';
import { Services, type ServiceOffer } from './services.ts';
import type { Tail } from './output/tail.ts';

/** The objects from which a host's end is made. */
export interface HostEndOptions {
  readonly readable: Readable;
  readonly writable: Writable;
  readonly name: string;
  readonly capabilities: ReadonlySet<Capability>;
  readonly limits: Limits;
  readonly interceptors: readonly CallInterceptor[];
  /** The destinations of the synced outputs. */
  readonly stdout: SyncedTarget;
  readonly stderr: SyncedTarget;
  readonly stderrTail: Tail;
  explainLoss(cause: Error): Promise<Error>;
  readonly onBusy: (isBusy: boolean) => void;
  /** Called when a call or a stream has ended. {@link HostEnd.isUnderWay} may then be false. */
  readonly onQuiet: () => void;
  /** The services that the host offers the plugin; undefined if it offers none. */
  readonly offer: ServiceOffer | undefined;
  readonly redactError: ((error: unknown, method: string) => unknown) | undefined;
}

/** The host's end of a session. The counterpart in the plugin is `PluginEnd`. */
export class HostEnd {
  readonly session: LeanSession;
  readonly broker: Broker;
  readonly shared: Shared;
  /** The conversation of the first stream: ping, quit and dispense. */
  readonly control: Conversation;
  /**
   * Resolves when both synced outputs are closed and, if they go to the log, all of their bytes are logged.
   */
  readonly printed: Promise<unknown>;

  /**
   * The conversations with dispensed implementations. The conversation on the control stream is not among
   * them, so its calls are not reported as calls in flight.
   */
  readonly #conversations = new Set<Conversation>();
  readonly #onQuiet: () => void;
  readonly #interceptors: readonly CallInterceptor[];
  readonly #services: Services | undefined;
  /** The methods of the calls that were under way when the pipe ended. Undefined while the pipe is open. */
  #inFlightAtLoss: readonly string[] | undefined;

  /** Opens the session and its first three streams, in this order: control, stdout, stderr. */
  constructor(options: HostEndOptions) {
    const { readable, writable, limits, capabilities, name } = options;
    this.#onQuiet = options.onQuiet;
    this.#interceptors = options.interceptors;
    // The end of the pipe rejects the pending calls. The exit report needs the methods of these calls, so
    // `onLoss` notes the methods before the rejection.
    const onLoss = (): void => void (this.#inFlightAtLoss ??= this.#inFlight());
    for (const event of ['end', 'error', 'close']) readable.once(event, onLoss);
    this.session = new LeanSession(
      { readable, writable },
      {
        ...sessionOptions,
        role: 'client',
        name: 'host',
        onStream: (stream: RawStream) => this.broker.handle(stream),
      },
    );
    const { offer } = options;
    const explainLoss = (cause: Error): Promise<Error> => options.explainLoss(cause);
    const peer = `plugin ${name}`;
    this.broker = new Broker(this.session, limits, {
      onServiceStream: offer === undefined ? undefined : (stream) => services?.take(stream),
      explainLoss,
      peer,
    });
    this.shared = new Shared({
      broker: this.broker,
      capabilities,
      limits,
      peer,
      explainLoss,
      onBusy: options.onBusy,
      redactError: options.redactError,
    });
    const services = offer === undefined ? undefined : new Services(this.shared, offer, this.#onQuiet);
    this.#services = services;
    this.control = new Conversation(this.session.openRaw(), { shared: this.shared, onQuiet: this.#onQuiet });
    const stdout = new SyncedReader(this.session.openRaw(), options.stdout);
    const stderr = new SyncedReader(this.session.openRaw(), options.stderr, options.stderrTail);
    this.printed = Promise.all([stdout.ended, stderr.ended]);
    const over = (reason = new Error('the session is over')): void => {
      this.broker.close(reason);
      services?.end(reason);
    };
    this.session.closed.then(() => over(), over);
  }

  /**
   * Starts a conversation with the implementation of `service` that the plugin serves under the broker id
   * `id`.
   */
  converse(id: number, service: string): Conversation {
    const { shared } = this;
    const conversation = new Conversation(this.broker.dialRaw(id), {
      shared,
      prefix: implementationPrefix,
      service,
      callInterceptors: this.#interceptors,
      onQuiet: this.#onQuiet,
    });
    this.#conversations.add(conversation);
    void conversation.closed.then(() => {
      this.#conversations.delete(conversation);
      this.#onQuiet();
    });
    return conversation;
  }

  /**
   * True while a call to the plugin, or a stream of values in either direction, is under way. Streams that
   * the plugin reads from a service, and calls of a service to functions of the plugin, count too.
   */
  get isUnderWay(): boolean {
    if (this.control.isUnderWay || this.#services?.isUnderWay === true) return true;
    return [...this.#conversations].some(({ isUnderWay }) => isUnderWay);
  }

  /**
   * Returns the methods of the calls that wait for an answer. After the end of the pipe, returns the methods
   * of the calls that waited at that time.
   */
  callsInFlight(): readonly string[] {
    return this.#inFlightAtLoss ?? this.#inFlight();
  }

  #inFlight(): string[] {
    return [...this.#conversations].flatMap((conversation) => conversation.pendingMethods);
  }
}
