/**
 * The streams of a session after its first three. Each begins with an id that the accepting side chose. The
 * broker passes the stream to the code that waits for this id.
 */
import type { MuxStream } from '@pipework/mux';
import { IdMap, toDuplex, type LeanSession, type RawStream } from '@pipework/mux/lean';
import { PipeworkError } from '../base/errors.ts';
import { handled } from '../base/handled.ts';
import type { Limits } from '../base/limits.ts';
import { serviceBrokerId } from './wire-words.ts';
import { onAbort } from '../base/on-abort.ts';
import { afterPatience } from '../base/timers.ts';
import { ForgottenIds } from './forgotten-ids.ts';
import { type Arrivals, idBytes, IdReader } from './id-reader.ts';
import { explained, isAlone, streamLost } from './loss.ts';

const maxId = 0xffff_ffff;

/** The two functions of a caller that waits for the stream that begins with one id. */
export interface Waiter {
  resolve(stream: RawStream): void;
  reject(error: unknown): void;
}

/**
 * Opens and accepts raw byte streams, which may carry any protocol. One side takes an id from `nextId()`,
 * sends it to the other side inside a call, and accepts it. The other side dials the id. Each id is used
 * once.
 */
export interface StreamBroker {
  /** Returns an id to send to the peer. */
  nextId(): number;
  /**
   * Waits for the stream that the peer dials with this id, which must come from this broker's `nextId()`.
   * Rejects with `BROKER_TIMEOUT` after five seconds, with `BROKER_ID_IN_USE` if the id is awaited already,
   * and with the signal's reason if `options.signal` aborts. If the session ends first, rejects with
   * `BROKER_CLOSED`. The cause of that error has the known facts about the plugin's exit. If the session ends
   * later, the stream fails with `RPC_CLOSED`. A caller that fails before it awaits the promise need not
   * handle the promise's rejection.
   */
  accept(id: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<MuxStream>;
  /**
   * Opens a stream to the side that accepts this id. If the peer does not accept the stream within five
   * seconds, the peer resets it.
   */
  dial(id: number): Promise<MuxStream>;
}

export interface BrokerOptions {
  /**
   * Receives a stream on which the plugin asks for services of this host. If this function is absent, the
   * stream is reset.
   */
  readonly onServiceStream?: ((stream: RawStream) => void) | undefined;
  /**
   * Explains why the session ended, after a bounded wait for the process's exit. Errors of streams then have
   * this explanation as their cause.
   */
  readonly explainLoss?: ((cause: Error) => Promise<Error>) | undefined;
  /** The peer's name in messages. */
  readonly peer?: string | undefined;
}

/**
 * Issues ids, accepts the streams that begin with these ids, and dials ids of the peer. There is one broker
 * for each session.
 */
export class Broker implements StreamBroker, Arrivals {
  readonly #session: LeanSession;
  readonly #limits: Pick<Limits, 'maxWaitingStreams' | 'brokerTimeoutMs'>;
  readonly #waiters = new Map<number, Waiter>();
  readonly #held = new IdMap<RawStream>();
  readonly #arriving = new Set<RawStream>();
  readonly #timers = new Map<RawStream | number, () => void>();
  readonly #options: BrokerOptions;
  readonly #forgotten: ForgottenIds;
  /** For each `accept()` that waits, the function that ends its wait. */
  readonly #accepting = new Set<(reason: unknown) => void>();
  /** Streams that were given to users. */
  readonly #handed = new Set<MuxStream>();
  #nextId = 1;
  #endedBy: Error | undefined;

  constructor(
    session: LeanSession,
    limits: Pick<Limits, 'maxWaitingStreams' | 'brokerTimeoutMs'>,
    options: BrokerOptions = {},
  ) {
    this.#session = session;
    this.#limits = limits;
    this.#options = options;
    this.#forgotten = new ForgottenIds(limits.brokerTimeoutMs);
  }

  nextId(): number {
    for (;;) {
      const id = this.#nextId;
      this.#nextId = id === maxId ? 1 : id + 1;
      // A user may have accepted an id of the peer's by mistake. This side must not give out the same id.
      // An id whose stream is already held may be given out, because a peer may dial an id early.
      if (!this.#waiters.has(id) && !this.#forgotten.has(id)) return id;
    }
  }

  accept(id: number, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<MuxStream> {
    return handled(this.#accept(id, options.signal));
  }

  dial(id: number): Promise<MuxStream> {
    return handled(this.#dial(id));
  }

  async #dial(id: number): Promise<MuxStream> {
    try {
      return this.#hand(this.dialRaw(id));
    } catch (error) {
      throw await this.#withReason(error);
    }
  }

  async #accept(id: number, signal: AbortSignal | undefined): Promise<MuxStream> {
    signal?.throwIfAborted();
    let waiter!: Waiter;
    const dialled = new Promise<RawStream>((resolve, reject) => {
      waiter = { resolve, reject };
    });
    const giveUp = (reason: unknown): void => {
      if (this.forget(id, waiter)) waiter.reject(reason);
    };
    const stop = signal && onAbort(signal, () => giveUp(signal.reason));
    this.#accepting.add(giveUp);
    try {
      this.acceptWith(id, waiter);
      return this.#hand(await dialled);
    } catch (error) {
      throw await this.#withReason(error);
    } finally {
      this.#accepting.delete(giveUp);
      stop?.();
    }
  }

  /** Gives a stream to a user. */
  #hand(raw: RawStream): MuxStream {
    const { explainLoss, peer = 'the peer' } = this.#options;
    const stream = toDuplex(raw, this.#session, (error, tell) => {
      if (isAlone(error)) return tell(error);
      explained(error, explainLoss, (why) => tell(streamLost(`a stream of the broker of ${peer}`, why)));
    });
    this.#handed.add(stream);
    stream.once('close', () => this.#handed.delete(stream));
    return stream;
  }

  /**
   * Ends all streams of users and all waits of `accept()` with `reason`. Called when this side leaves.
   */
  cut(reason: Error): void {
    for (const giveUp of this.#accepting) giveUp(reason);
    for (const stream of this.#handed) stream.destroy(reason);
  }

  /**
   * Like {@link accept}, but without a promise and without a Node stream. Calls exactly one of the waiter's
   * two functions. If the stream has already arrived, the function is called before this method returns.
   */
  acceptWith(id: number, waiter: Waiter, timeoutMs: number = this.#limits.brokerTimeoutMs): void {
    checkId(id);
    if (this.#endedBy) return waiter.reject(this.#endedError());
    if (this.#waiters.has(id)) {
      return waiter.reject(
        new PipeworkError(
          'BROKER_ID_IN_USE',
          `broker id ${id} is already awaited: take a new one from nextId()`,
        ),
      );
    }
    const held = this.#held.get(id);
    if (held !== undefined) {
      this.#held.delete(id);
      this.#clearTimer(held);
      return waiter.resolve(held);
    }
    this.#waiters.set(id, waiter);
    if (timeoutMs === Infinity) return;
    this.#setTimer(id, timeoutMs, () => {
      this.#waiters.delete(id);
      waiter.reject(
        new PipeworkError(
          'BROKER_TIMEOUT',
          `the peer did not dial broker id ${id} within ${timeoutMs} ms: it must dial each id once`,
        ),
      );
    });
  }

  /**
   * Ends the wait of `waiter` for an id, and calls neither of the waiter's functions. If a stream with the id
   * arrives later, it is reset immediately. Returns false, and does nothing, if `waiter` does not wait for
   * the id.
   */
  forget(id: number, waiter: Waiter): boolean {
    if (this.#waiters.get(id) !== waiter) return false;
    this.#waiters.delete(id);
    this.#clearTimer(id);
    this.#forgotten.add(id);
    return true;
  }

  /**
   * Like {@link dial}, without the Node stream around it. Throws `BROKER_CLOSED` once the session has ended.
   */
  dialRaw(id: number): RawStream {
    checkId(id);
    return this.#open(id);
  }

  /**
   * Opens a stream on which this plugin asks for services of its host. Throws `BROKER_CLOSED` once the
   * session has ended.
   */
  dialServices(): RawStream {
    return this.#open(serviceBrokerId);
  }

  #open(id: number): RawStream {
    if (this.#endedBy) throw this.#endedError();
    const stream = this.#session.openRaw();
    const bytes = new Uint8Array(idBytes);
    new DataView(bytes.buffer).setUint32(0, id);
    stream.write(bytes);
    return stream;
  }

  /** Handles a stream that the peer opened after the first three. */
  handle(stream: RawStream): void {
    if (this.#endedBy || this.#arriving.size + this.#held.size >= this.#limits.maxWaitingStreams) {
      stream.reset(
        new PipeworkError('BROKER_OVERLOADED', 'too many streams wait to be accepted (maxWaitingStreams)'),
      );
      return;
    }
    this.#arriving.add(stream);
    stream.setHandler(new IdReader(stream, this));
    if (this.#arriving.has(stream)) {
      this.#setTimer(stream, this.#limits.brokerTimeoutMs, () => {
        this.#arriving.delete(stream);
        stream.reset(new PipeworkError('BROKER_NO_ID', 'the stream did not bring its broker id in time'));
      });
    }
  }

  /** Called when the id of an arriving stream is complete. Passes the stream to its waiter, or holds it. */
  arrived(stream: RawStream, id: number): void {
    this.#arriving.delete(stream);
    this.#clearTimer(stream);
    const waiter = this.#waiters.get(id);
    if (waiter !== undefined) {
      this.#waiters.delete(id);
      this.#clearTimer(id);
      waiter.resolve(stream);
      return;
    }
    if (this.#forgotten.delete(id)) {
      stream.reset(
        new PipeworkError(
          'BROKER_NOT_AWAITED',
          `broker id ${id} is no longer awaited, because the value that was given under it has ended`,
        ),
      );
      return;
    }
    if (id === serviceBrokerId) {
      const { onServiceStream } = this.#options;
      if (onServiceStream !== undefined) return onServiceStream(stream);
      stream.reset(
        new PipeworkError(
          'BROKER_NOT_AWAITED',
          'the stream brought 0, the id of services, but this side offers none',
        ),
      );
      return;
    }
    if (this.#held.has(id)) {
      stream.reset(new PipeworkError('BROKER_ID_IN_USE', `another stream already brought broker id ${id}`));
      return;
    }
    this.#held.set(id, stream);
    this.#setTimer(stream, this.#limits.brokerTimeoutMs, () => {
      this.#held.delete(id);
      stream.reset(new PipeworkError('BROKER_NOT_AWAITED', `broker id ${id} is not awaited here`));
    });
  }

  /** Called when a stream has ended before it was accepted. */
  left(stream: RawStream, id: number | undefined): void {
    this.#arriving.delete(stream);
    if (id !== undefined && this.#held.get(id) === stream) this.#held.delete(id);
    this.#clearTimer(stream);
  }

  /**
   * Ends the broker. Every wait rejects with `BROKER_CLOSED`, and streams that were not accepted are reset.
   */
  close(reason: Error): void {
    if (this.#endedBy) return;
    this.#endedBy = reason;
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
    const waiters = [...this.#waiters.values()];
    const streams = [...this.#arriving, ...this.#held.values()];
    this.#waiters.clear();
    this.#arriving.clear();
    this.#held.clear();
    for (const stream of streams) stream.reset(reason);
    for (const waiter of waiters) waiter.reject(this.#endedError());
  }

  #endedError(cause: Error | undefined = this.#endedBy): PipeworkError {
    return new PipeworkError('BROKER_CLOSED', `the session has ended: ${cause?.message ?? 'closed'}`, {
      cause,
    });
  }

  /**
   * Returns the error with which a user's wait fails. If the session ended, the cause of that error explains
   * the end by the process's exit.
   */
  async #withReason(error: unknown): Promise<unknown> {
    const { explainLoss } = this.#options;
    const cause = this.#endedBy;
    if (cause === undefined || explainLoss === undefined) return error;
    if (!(error instanceof PipeworkError) || error.code !== 'BROKER_CLOSED') return error;
    return this.#endedError(await explainLoss(cause).catch(() => cause));
  }

  #setTimer(owner: RawStream | number, ms: number, expire: () => void): void {
    const expired = (): void => {
      this.#timers.delete(owner);
      expire();
    };
    this.#timers.set(owner, afterPatience(ms, expired, false));
  }

  #clearTimer(owner: RawStream | number): void {
    this.#timers.get(owner)?.();
    this.#timers.delete(owner);
  }
}

function checkId(id: number): void {
  if (Number.isInteger(id) && id > 0 && id <= maxId) return;
  throw new PipeworkError(
    'CONFIG_INVALID',
    `a broker id must be an integer from 1 to ${maxId}, as nextId() gives them; got ${String(id)}`,
  );
}
