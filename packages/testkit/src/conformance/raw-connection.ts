/** Makes calls on one stream of the suite, and checks the messages that come back. */
import { MalformedError, WireReader } from '../wire/decode.ts';
import { show } from '../transcript/show.ts';
import { encode } from '../wire/msgpack.ts';
import { WaitFailure, type RawStream } from './raw-stream.ts';
import { CheckFailure } from './verdict.ts';

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
  readonly #values: WireReader = new WireReader();
  /**
   * The newest payload that begins with the first byte of a message. If the newest answer is small and
   * arrived in a separate frame, this payload is that answer.
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

  /**
   * Answers calls of the plugin on this stream. If `onRequest` is undefined, the plugin must not make calls.
   */
  onRequest: ((method: string, params: unknown[]) => unknown) | undefined;
  /** Called for each call by the plugin. Returns the error of the answer, or null for no error. */
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
      violations.push(
        `it sent ${show(message)}, which is no response; on this stream the plugin may send only responses`,
      );
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

  /** Registers the request `id`, which the check writes itself. */
  expect(id: number, method: string): void {
    this.#nextId = Math.max(this.#nextId, id + 1);
    this.stream.pending.set(id, method);
  }

  /** Returns the id of the next request, which the check writes itself. */
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
    // If the check fails elsewhere first, a rejection of this promise must not count as unhandled.
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
