/**
 * A host that does not use core. This host speaks yamux and MessagePack-RPC over the bare pipes, and checks
 * every rule of section 4 of docs/protocol.md.
 */
import { MalformedError, ValueReader } from '../wire/decode.ts';
import { show } from '../transcript/show.ts';
import { encode } from '../wire/msgpack.ts';
import {
  ACK,
  describeFrame,
  encodeFrame,
  FIN,
  FrameReader,
  type FrameParts,
  initialWindow,
  RST,
  SYN,
  type Frame,
} from '../wire/yamux.ts';
import { withPatience } from './patience.ts';
import { expectWithin, notWithin, type RawPlugin } from './raw-plugin.ts';
import { CheckFailure } from './verdict.ts';

/**
 * The credit that the real host grants in the frame that opens or acknowledges a stream. With it, the window
 * of the stream is one mebibyte.
 */
export const openingCredit: number = 1024 * 1024 - initialWindow;
/** The most bytes that a data frame may carry. */
const largestFrame = 64 * 1024;
/**
 * The value of the ping at the end of a check, and how long the check waits for its answer, in milliseconds.
 */
const lastPing = 0x1a57;
const lastPingMs = 1_000;

/** A call that a check waits for. */
export interface AwaitedCall {
  readonly stream: RawStream;
  readonly id: number;
}

/** Thrown if a check waited for frames, and the plugin did not send them. */
export class WaitFailure extends CheckFailure {
  readonly session: RawSession;
  /** The call to which the check awaited the answer. Undefined if the check awaited something else. */
  readonly call: AwaitedCall | undefined;
  constructor(message: string, session: RawSession, call?: AwaitedCall) {
    super(message);
    this.session = session;
    this.call = call;
  }
}

/** Wakes all waits when frames arrive, so that each wait tests its condition again. */
class Bell {
  #waiting: (() => void)[] = [];
  ring(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}

export class RawStream {
  readonly id: number;
  readonly session: RawSession;
  /** The received payloads that no reader has removed. */
  received: Uint8Array[] = [];
  receivedBytes = 0;
  /** How many times the plugin has acknowledged the stream. */
  acks = 0;
  /** The methods of calls that were sent on the stream and not answered yet, by message id. */
  readonly pending: Map<number, string> = new Map();
  hasFinished = false;
  wasReset = false;
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

  constructor(session: RawSession, id: number) {
    this.session = session;
    this.id = id;
  }

  /**
   * True if the plugin takes no more bytes on the stream. Go's stock yamux has no reset, so a plugin that
   * uses it can only finish a stream.
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

export interface RawResponse {
  error: unknown;
  result: unknown;
}

/** Speaks MessagePack-RPC on one stream. */
export class RawConnection {
  readonly stream: RawStream;
  readonly responses: Map<number, RawResponse> = new Map();
  /** The ids of the answers in the order in which they arrived. */
  readonly order: number[] = [];
  readonly #values: ValueReader = new ValueReader();
  /**
   * The newest payload at whose first byte a message begins. If a small answer arrived in a separate frame,
   * this is that answer.
   */
  newest: Uint8Array = new Uint8Array(0);
  #nextId = 0;
  #sending: Promise<void> = Promise.resolve();

  constructor(stream: RawStream) {
    this.stream = stream;
    const take = stream.take.bind(stream);
    stream.take = (payload) => {
      take(payload);
      stream.received = [];
      this.#watchBegin(payload);
      try {
        for (const value of this.#values.push(payload)) this.#onMessage(value);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        stream.session.fail(`MessagePack on stream ${String(stream.id)}; got ${error.message}`);
      }
    };
  }

  #watchBegin(payload: Uint8Array): void {
    const [first] = payload;
    if (first === undefined || this.#values.pendingBytes > 0) return;
    this.newest = payload;
    if ((first & 0xf0) === 0x90) return;
    this.stream.session.violations.push(
      `it sent a message on stream ${String(this.stream.id)} that begins with byte 0x${first.toString(16)}, which is no fixarray`,
    );
  }

  /** True if the plugin may put a map after the params of its calls. */
  takesMeta = false;

  /** Answers calls of the plugin on this stream. If this is undefined, the plugin must not make calls. */
  onRequest: ((method: string, params: unknown[]) => unknown) | undefined;
  /** Returns the error with which a call by the plugin fails, or null. */
  onFailure: (() => unknown) | undefined;
  /** The notifications that arrived. The plugin may send them only if {@link onRequest} is set. */
  readonly notifications: { readonly method: string; readonly params: unknown }[] = [];

  #onMessage(message: unknown): void {
    if (this.onRequest !== undefined && Array.isArray(message)) {
      const [kind, id, method, params] = message as unknown[];
      if (kind === 0 && typeof method === 'string' && Array.isArray(params)) {
        if (message.length !== 4 && !this.takesMeta)
          this.stream.session.violations.push(
            `it sent a request of ${String(message.length)} elements to a host that did not announce meta`,
          );
        const error = this.onFailure?.() ?? null;
        this.stream.send(encode([1, id, error, this.onRequest(method, params)]));
        return;
      }
      if (kind === 2) {
        this.notifications.push({ method: String(id), params: method });
        return;
      }
    }
    const [type, id, error, result] = Array.isArray(message) ? (message as unknown[]) : [];
    const { violations } = this.stream.session;
    if (type !== 1 || typeof id !== 'number' || !Array.isArray(message) || message.length !== 4) {
      violations.push(`it sent ${show(message)}, which is no response, although it may only answer`);
    } else if (this.responses.has(id)) violations.push(`it answered call ${String(id)} twice`);
    else if (id >= this.#nextId) violations.push(`it answered call ${String(id)}, which was never made`);
    else {
      if (error !== null && result !== null)
        violations.push(`it answered call ${String(id)} with an error, and with a result that is not nil`);
      this.stream.pending.delete(id);
      this.responses.set(id, { error, result });
      this.order.push(id);
    }
  }

  /** Sends a request and returns its id, without waiting for the answer. */
  request(method: string, params: unknown[], meta?: Readonly<Record<string, unknown>>): number {
    const id = this.skipId(method);
    this.stream.send(encode([0, id, method, params, ...(meta === undefined ? [] : [meta])]));
    return id;
  }

  /** Registers a request that the check writes itself, with this id. */
  expect(id: number, method: string): void {
    this.#nextId = Math.max(this.#nextId, id + 1);
    this.stream.pending.set(id, method);
  }

  /** Takes the next id, for a request that the check writes itself. */
  skipId(method: string): number {
    const id = this.#nextId++;
    this.stream.pending.set(id, method);
    return id;
  }

  notify(method: string, params: unknown[]): void {
    this.stream.send(encode([2, method, params]));
  }

  async response(id: number, what = `an answer to call ${String(id)}`, ms?: number): Promise<RawResponse> {
    const { stream } = this;
    const call = { stream, id };
    await stream.session.until(() => this.responses.has(id) || stream.isRefused, what, ms, call);
    const response = this.responses.get(id);
    if (response !== undefined) return response;
    throw new WaitFailure(
      `expected ${what}; the stream ${stream.wasReset ? 'was reset' : 'ended'} without one`,
      stream.session,
      call,
    );
  }

  call(method: string, ...params: unknown[]): Promise<RawResponse> {
    const response = this.response(this.request(method, params), `an answer to ${method}`);
    // If the check fails at another place first, nothing else handles the rejection of this promise.
    response.catch(() => undefined);
    return response;
  }

  /** Makes a call with parameters of any size. Several such calls are sent one after another. */
  async callLarge(method: string, params: unknown[], frameBytes?: number): Promise<RawResponse> {
    const id = this.skipId(method);
    this.#sending = this.#sending.then(() =>
      this.stream.sendAll(encode([0, id, method, params]), frameBytes),
    );
    await this.#sending;
    return await this.response(id, `an answer to ${method}`);
  }

  /** Resolves to the result of a call. Fails the check if the call failed. */
  async result(method: string, ...params: unknown[]): Promise<unknown> {
    return resultOf(method, await this.call(method, ...params));
  }
}

export function resultOf(method: string, { error, result }: RawResponse): unknown {
  if (error === null) return result;
  throw new CheckFailure(`expected ${method} to succeed; it failed with ${show(error)}`);
}

export class RawSession {
  readonly plugin: RawPlugin;
  readonly streams: Map<number, RawStream> = new Map();
  /** The streams that the plugin opened. */
  readonly theirs: RawStream[] = [];
  /** The breaches of the protocol by the plugin, in words. The bench looks at the list when a check ends. */
  readonly violations: string[] = [];
  readonly pongs: number[] = [];
  goAway: number | undefined;
  /** True if the session answers the plugin's pings. */
  answersPings = true;
  #hasEnded = false;
  #failure: CheckFailure | undefined;
  #nextId = 1;
  readonly #frames: FrameReader = new FrameReader();
  readonly #bell: Bell = new Bell();

  constructor(plugin: RawPlugin) {
    this.plugin = plugin;
    plugin.takeUpstream((chunk) => {
      for (const frame of this.#frames.push(chunk)) this.#onFrame(frame);
      this.#bell.ring();
    });
    void plugin.upstreamEnded.then(() => {
      this.#hasEnded = true;
      if (this.#frames.pendingBytes > 0) this.violations.push('its bytes ended in the middle of a frame');
      this.#bell.ring();
    });
  }

  /** How many bytes of an incomplete frame have arrived. */
  get partialBytes(): number {
    return this.#frames.pendingBytes;
  }

  /**
   * Makes every wait fail, because the bytes from the plugin can't be read any further. `what` completes
   * "expected ...".
   */
  fail(what: string): void {
    this.#failure ??= new CheckFailure(`expected ${what}`);
  }

  send(frame: FrameParts): void {
    this.plugin.write(encodeFrame(frame));
  }

  /**
   * Opens the host's next stream. Its first frame is a data frame with the bytes `first`, or an empty window
   * update if `first` is undefined.
   */
  open(first?: Uint8Array, flags = 0): RawStream {
    const stream = this.#add();
    if (first === undefined) this.send({ type: 'window-update', flags: SYN | flags, id: stream.id });
    else stream.send(first, SYN | flags);
    return stream;
  }

  /** Opens the host's next stream as the real host does: with credit in its first frame, which has no data. */
  openWide(): RawStream {
    const stream = this.#add();
    stream.theirCredit += openingCredit;
    this.send({ type: 'window-update', flags: SYN, id: stream.id, length: openingCredit });
    return stream;
  }

  /** Opens the host's next stream and finishes it in the same frame. */
  openFinished(bytes: Uint8Array): RawStream {
    return this.open(bytes, FIN);
  }

  /**
   * Sends a ping, and reads everything that the plugin sends before it answers the ping. Bytes after the last
   * answer that the check waited for may break a rule too.
   */
  async settle(): Promise<void> {
    if (this.#hasEnded || this.goAway !== undefined) return;
    this.send({ type: 'ping', flags: SYN, length: lastPing });
    // Another check tests whether the plugin answers pings.
    await this.until(() => this.pongs.includes(lastPing), 'a pong', lastPingMs).catch(() => undefined);
  }

  /**
   * Waits until `holds()` returns true. `what` completes "expected ...". If the check waits for the answer to
   * a call, `call` names this call.
   */
  async until(
    holds: () => boolean,
    what: string,
    ms: number = this.plugin.target.timeoutMs,
    call?: AwaitedCall,
  ): Promise<void> {
    const waiting = (async () => {
      while (!holds()) {
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#hasEnded)
          throw new WaitFailure(`expected ${what}; the plugin ended its side of the pipes`, this, call);
        await this.#bell.next();
      }
    })();
    await withPatience(waiting, ms, (waited) => new WaitFailure(notWithin(what, ms, waited), this, call));
  }

  /**
   * Waits until the plugin ends the session, either by a go-away that names an error or by the end of its
   * bytes.
   */
  async untilOver(what: string): Promise<void> {
    await expectWithin(
      (async () => {
        while (!this.#hasEnded && (this.goAway ?? 0) === 0) await this.#bell.next();
      })(),
      this.plugin.target.timeoutMs,
      what,
    );
  }

  #add(): RawStream {
    const stream = new RawStream(this, this.#nextId);
    this.#nextId += 2;
    this.streams.set(stream.id, stream);
    return stream;
  }

  #onFrame(frame: Frame): void {
    if (frame.version !== 0) this.fail(`frames of version 0; got one of version ${String(frame.version)}`);
    switch (frame.type) {
      case 'ping':
        if (frame.flags & ACK) this.pongs.push(frame.length);
        else if (this.answersPings) this.send({ type: 'ping', flags: ACK, length: frame.length });
        return;
      case 'go-away':
        this.goAway = frame.length;
        return;
      case 'data':
      case 'window-update':
        this.#onStreamFrame(frame);
        return;
      default:
        this.fail(`frames of the types 0 to 3; got one of type ${String(frame.type)}`);
    }
  }

  #onStreamFrame(frame: Frame): void {
    if (frame.flags & SYN) this.#onOpen(frame.id);
    const stream = this.streams.get(frame.id);
    if (stream === undefined) {
      this.violations.push(
        `it sent ${describeFrame(frame)} on stream ${String(frame.id)}, which neither side opened`,
      );
      return;
    }
    if (frame.flags & ACK) stream.acks++;
    if (stream.acks > 1) this.violations.push(`it acknowledged stream ${String(frame.id)} more than once`);
    if (frame.type === 'window-update') {
      stream.ourCredit += frame.length;
      if (!(frame.flags & ACK)) stream.grantedBytes += frame.length;
    } else if (stream.hasFinished)
      this.violations.push(`it sent data on stream ${String(frame.id)} after its FIN`);
    else {
      if (frame.length > largestFrame)
        this.violations.push(`it sent ${describeFrame(frame)}: 64 KiB is the most`);
      stream.take(frame.payload);
    }
    if (frame.flags & FIN) stream.hasFinished = true;
    if (frame.flags & RST) stream.wasReset = true;
  }

  #onOpen(id: number): void {
    if (id % 2 !== 0 || id === 0)
      this.violations.push(`it opened stream ${String(id)}: a plugin's streams are even`);
    else if (this.streams.has(id)) this.violations.push(`it opened stream ${String(id)} twice`);
    const stream = new RawStream(this, id);
    stream.acks = 0;
    // The credit in the acknowledgement is enough for every call of the plugin.
    stream.autoCredit = false;
    stream.theirCredit += openingCredit;
    this.streams.set(id, stream);
    this.theirs.push(stream);
    this.send({ type: 'window-update', flags: ACK, id, length: openingCredit });
  }
}
