/** One multiplexed connection, as its user sees it. */

import { MuxStream } from './mux-stream.ts';
import { checkOptions, type Role, type SessionOptions } from './options.ts';
import { SessionEngine } from './session-engine.ts';
import type { SessionStats } from './session-stats.ts';
import type { Transport } from './transport.ts';

/**
 * Returns a session's engine. The lean session uses it.
 *
 * @internal
 */
export let engineOf: (session: Session) => SessionEngine;

/**
 * Yamux over a pair of byte pipes: any number of streams, opened by either end, each with its own back-pressure.
 *
 * When the session ends, every open stream and every pending `ping()` and `acceptStream()` gets a separate
 * error. The `cause` of each error is the reason why the session ended. If the transport ends while streams
 * are open, that is an error too.
 *
 * @example
 * ```ts
 * import { connect } from 'node:net';
 * import { Session } from '@pipework/mux';
 *
 * await using session = new Session(connect('/tmp/echo.sock'), { role: 'client' });
 * const stream = session.openStream();
 * stream.end('hello');
 * for await (const chunk of stream) console.log(String(chunk));
 * ```
 */
export class Session {
  /**
   * Resolves as soon as the session has ended and its transport is destroyed. Rejects with the reason if the
   * session ended by a fault.
   */
  readonly closed: Promise<void>;
  readonly #engine: SessionEngine;

  static {
    engineOf = (session) => session.#engine;
  }

  /** Takes over the transport immediately. Throws `MUX_OPTION_INVALID` if an option is invalid. */
  constructor(transport: Transport, options: SessionOptions) {
    this.#engine = new SessionEngine(transport, checkOptions(options));
    this.closed = this.#engine.closed;
  }

  /** Whether this end is the client or the server. */
  get role(): Role {
    return this.#engine.settings.role;
  }

  /** How many streams are open now, whichever side opened them. */
  get streamCount(): number {
    return this.#engine.streamCount;
  }

  /** True if the session has ended, even if its transport is not destroyed yet. */
  get hasEnded(): boolean {
    return this.#engine.reason !== undefined;
  }

  /**
   * Counts the streams and bytes that the session holds at this moment. This visits every stream, so do not
   * call it for every message.
   */
  stats(): SessionStats {
    return this.#engine.stats();
  }

  /**
   * Opens a stream immediately: bytes may be written before the peer accepts it. If `acceptBacklog` of our
   * streams are unanswered, a further stream is held back until the peer has answered one of them. Throws the
   * reason if the session has ended, and `MUX_GO_AWAY` if the peer has sent a go-away.
   */
  openStream(): MuxStream {
    return MuxStream.over(this.#engine.open(), this);
  }

  /**
   * Resolves with the next stream that the peer opened, and acknowledges that stream. Rejects as soon as the
   * session has ended. If the signal aborts, rejects with the signal's reason.
   */
  async acceptStream(options: { signal?: AbortSignal } = {}): Promise<MuxStream> {
    return MuxStream.over(await this.#engine.accept(options.signal), this);
  }

  /**
   * Iterates over the streams that the peer opens, until the session ends. Throws if the session ended by a
   * fault.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<MuxStream, void, undefined> {
    for await (const stream of this.#engine.incoming()) yield MuxStream.over(stream, this);
  }

  /**
   * Resolves with the round-trip time to the peer, in milliseconds. Rejects with `MUX_PING_TIMEOUT` if no
   * answer comes in time, and with the reason if the session ends.
   */
  ping(): Promise<number> {
    return this.#engine.ping();
  }

  /**
   * Tells the peer to open no more streams, and resets streams that the peer opens nevertheless. Open streams
   * continue.
   */
  goAway(): void {
    this.#engine.goAway();
  }

  /**
   * Ends the session: sends the bytes that fit the peer's windows, sends a go-away, ends every open stream
   * with `MUX_SESSION_CLOSED`, and destroys the transport. Never rejects; further calls wait for the same
   * end.
   */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** Closes the session like {@link Session.close}. `await using` calls this method. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
