/** One stream of the suite's yamux session, with its bytes and its credit. */
import { FIN, initialWindow, RST, type FrameParts } from '../wire/yamux.ts';
import type { RawPlugin } from './raw-plugin.ts';
import { CheckFailure } from './verdict.ts';

/** The part of a session that its streams use. */
export interface StreamSession {
  readonly plugin: RawPlugin;
  readonly streams: ReadonlyMap<number, RawStream>;
  /** How many bytes of an incomplete frame have arrived. */
  readonly partialBytes: number;
  /** A sentence for each rule that the plugin broke. */
  readonly violations: string[];
  send(frame: FrameParts): void;
  /** Makes every wait fail. `what` completes "expected ...". */
  fail(what: string): void;
  /** Waits until `isDone` returns true. If the plugin takes longer than `ms`, throws a {@link WaitFailure}. */
  until(isDone: () => boolean, what: string, ms?: number, call?: AwaitedCall): Promise<void>;
}

/** A call whose answer a check waits for. */
export interface AwaitedCall {
  readonly stream: RawStream;
  readonly id: number;
}

/** Thrown if a check waited for frames, and the plugin did not send them. */
export class WaitFailure extends CheckFailure {
  readonly session: StreamSession;
  /** The call whose answer the check waited for. Undefined if the check waited for something else. */
  readonly call: AwaitedCall | undefined;
  constructor(message: string, session: StreamSession, call?: AwaitedCall) {
    super(message);
    this.session = session;
    this.call = call;
  }
}

export class RawStream {
  readonly id: number;
  readonly session: StreamSession;
  /** The received payloads that no reader has removed. */
  received: Uint8Array[] = [];
  receivedBytes = 0;
  /** How many times the plugin has acknowledged the stream. */
  acks = 0;
  /** The methods of calls that were sent on the stream and not answered yet, by message id. */
  readonly pending: Map<number, string> = new Map();
  hasFinished = false;
  wasReset = false;
  /** True if the suite has reset the stream, so that the plugin need not send anything on it. */
  isDropped = false;
  /** How many more bytes the plugin may send on the stream, and how many more the suite may send. */
  theirCredit: number = initialWindow;
  ourCredit: number = initialWindow;
  /**
   * If true, the stream returns credit for bytes as soon as they arrive. If false, only {@link grant} returns
   * credit.
   */
  autoCredit = true;
  /**
   * The credit that the plugin has returned on this stream so far. The credit in the plugin's acknowledgement
   * does not count, because that credit widens the window.
   */
  grantedBytes = 0;

  constructor(session: StreamSession, id: number) {
    this.session = session;
    this.id = id;
  }

  /**
   * True if the plugin has reset or finished the stream, and so takes no more bytes on it. A plugin with Go's
   * stock yamux cannot reset a stream, so it finishes the stream instead.
   */
  get isRefused(): boolean {
    return this.wasReset || this.hasFinished;
  }

  send(payload: Uint8Array, flags: number = 0): void {
    this.ourCredit -= payload.length;
    this.session.send({ type: 'data', flags, id: this.id, payload });
  }

  /** Sends all bytes, and waits for credit if the plugin's window is full. */
  async sendAll(bytes: Uint8Array, frameBytes: number = 64 * 1024): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      await this.session.until(
        () => this.ourCredit > 0 || this.wasReset,
        `credit on stream ${String(this.id)}`,
      );
      if (this.wasReset)
        throw new WaitFailure(`expected credit on stream ${String(this.id)}; it was reset`, this.session);
      const size = Math.min(bytes.length - at, this.ourCredit, frameBytes);
      this.send(bytes.subarray(at, at + size));
      at += size;
    }
  }

  grant(bytes: number): void {
    this.theirCredit += bytes;
    this.session.send({ type: 'window-update', id: this.id, length: bytes });
  }

  finish(): void {
    this.session.send({ type: 'window-update', flags: FIN, id: this.id });
  }

  reset(): void {
    this.isDropped = true;
    this.session.send({ type: 'window-update', flags: RST, id: this.id });
  }

  text(): string {
    return Buffer.concat(this.received).toString();
  }

  /** The session calls this for every data frame. */
  take(payload: Uint8Array): void {
    this.theirCredit -= payload.length;
    this.receivedBytes += payload.length;
    this.received.push(payload);
    if (this.theirCredit < 0)
      this.session.violations.push(`it sent beyond the window of stream ${String(this.id)}`);
    if (this.autoCredit && payload.length > 0) this.grant(payload.length);
  }
}
