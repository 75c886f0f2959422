/** The calls that the peer makes on a connection: running each, and answering it exactly once. */
import { PipeworkError } from '../errors.ts';
import { withContext } from './call-context.ts';
import type { Channel } from './channel.ts';
import { Dispatcher } from './dispatcher.ts';
import { messageType, type Envelope } from './envelope.ts';
import { referenceMethods, type References } from './references.ts';
import { RunningCall } from './running-call.ts';
import type { Scanner } from './scanner.ts';
import { unknownMethod, type Service } from './service.ts';

export class Callee {
  readonly dispatcher: Dispatcher;
  readonly #channel: Channel;
  readonly #references: References | undefined;
  readonly #service: Service | undefined;
  readonly #prefix: string;
  /** False while the peer takes no answers: what comes meanwhile is not credited. */
  flowing = true;

  constructor(
    channel: Channel,
    references: References | undefined,
    service: Service | undefined,
    prefix: string,
  ) {
    this.#channel = channel;
    this.#references = references;
    this.#service = service;
    this.#prefix = prefix;
    this.dispatcher = new Dispatcher(channel.link);
  }

  /** A request came; `envelope.at` is where its params begin. Throws `RPC_PROTOCOL` where its id is in use. */
  request(
    envelope: Envelope,
    source: Uint8Array,
    start: number,
    end: number,
    scanner: Scanner,
    bins: readonly Uint8Array[],
  ): void {
    const { id, method } = envelope;
    if (this.dispatcher.get(id) !== undefined) {
      throw new PipeworkError(
        'RPC_PROTOCOL',
        `The peer used message id ${id} for ${method} while a call with that id is running.`,
      );
    }
    const call = new RunningCall(id, method);
    let params: unknown;
    const references = this.#references;
    references?.beginTaking(call);
    try {
      if (envelope.size === 5) params = this.#readWithMeta(call, source, start, end, scanner, bins);
      else params = this.#channel.read(source, envelope.at, end, scanner, bins);
      if (!Array.isArray(params))
        throw new PipeworkError('RPC_INVALID_VALUE', `The params of ${method} are no array.`);
    } catch (error) {
      references?.endTaking();
      references?.returnBorrowed(call);
      return this.#refuse(id, error, method);
    }
    references?.endTaking();
    this.#begin(call, params);
  }

  #readWithMeta(
    call: RunningCall,
    source: Uint8Array,
    start: number,
    end: number,
    scanner: Scanner,
    bins: readonly Uint8Array[],
  ): unknown {
    const message = this.#channel.read(source, start, end, scanner, bins) as unknown[];
    const meta = message[4] as { deadline?: unknown; metadata?: unknown } | null;
    if (typeof meta === 'object' && meta !== null) {
      if (typeof meta.metadata === 'object' && meta.metadata !== null) {
        call.metadata = Object.freeze(meta.metadata as Record<string, string>);
      }
      if (typeof meta.deadline === 'number') {
        call.setDeadline(meta.deadline, () =>
          call.abort(
            new PipeworkError('RPC_DEADLINE', `The caller's deadline for ${call.method} has passed.`),
          ),
        );
      }
    }
    return message[3];
  }

  #begin(call: RunningCall, params: unknown[]): void {
    const toReference = this.#references !== undefined && call.method === referenceMethods.call;
    const refusal = toReference ? undefined : this.dispatcher.refusalOf(call.method);
    if (refusal !== undefined) {
      call.end();
      this.#references?.returnBorrowed(call);
      return this.#refuse(call.id, refusal, call.method);
    }
    this.dispatcher.begin(call, () => this.#run(call, params), toReference);
  }

  #run(call: RunningCall, params: unknown[]): void {
    let result: unknown;
    try {
      result = this.#invoke(call, params);
    } catch (error) {
      return this.#fail(call, error);
    }
    if (isThenable(result)) {
      result.then(
        (value) => this.#answer(call, value),
        (error: unknown) => this.#fail(call, error),
      );
    } else {
      this.#answer(call, result);
    }
  }

  #invoke(call: RunningCall, params: unknown[]): unknown {
    const { method } = call;
    if (this.#references !== undefined && method === referenceMethods.call) {
      const args = params[1];
      if (!Array.isArray(args))
        throw new PipeworkError('RPC_INVALID_VALUE', 'A call to a reference came without its arguments.');
      return withContext(call, () => this.#references?.invoke(params[0], params[2], args));
    }
    const service = this.#service;
    if (service === undefined || !method.startsWith(this.#prefix)) throw unknownMethod(method);
    const name = method.slice(this.#prefix.length);
    const interceptors = this.#channel.link.options.handlerInterceptors;
    if (interceptors === undefined || interceptors.length === 0) {
      return withContext(call, () => service.invoke(name, params, call));
    }
    const outgoing = { method, params, context: call };
    const run = (index: number): unknown => {
      const interceptor = interceptors[index];
      if (interceptor === undefined) return withContext(call, () => service.invoke(name, params, call));
      return interceptor(outgoing, () => run(index + 1));
    };
    return run(0);
  }

  #answer(call: RunningCall, result: unknown): void {
    const references = this.#references;
    let wire: unknown;
    references?.beginSending(undefined, call);
    try {
      wire = this.#channel.toWire(result, 'result');
    } catch (error) {
      references?.revoke(references.endSending());
      return this.#fail(call, error);
    }
    const scope = references?.endSending();
    try {
      this.#write([messageType.response, call.id, null, wire]);
    } catch (error) {
      references?.revoke(scope);
      return this.#fail(call, error);
    }
    this.#answered(call);
  }

  #fail(call: RunningCall, error: unknown): void {
    this.#refuse(call.id, error, call.method);
    this.#answered(call);
  }

  #refuse(id: number, error: unknown, method: string): void {
    try {
      this.#write([messageType.response, id, this.#channel.errorToWire(error, method), null]);
    } catch {
      // The error itself could not be written (too large): its text can.
      this.#write([messageType.response, id, `${method} failed with an error that cannot be sent`, null]);
    }
  }

  #write(message: readonly unknown[]): void {
    this.#channel.link.options.beforeReply?.();
    if (!this.#channel.write(message)) this.flowing = false;
  }

  #answered(call: RunningCall): void {
    call.answered = true;
    this.#forgetWhenDone(call);
    this.dispatcher.answered(call);
  }

  /** A stream that the result gave out has ended. */
  streamEnded(call: RunningCall): void {
    call.openStreams--;
    this.#forgetWhenDone(call);
  }

  /** The call is known as long as its result streams: its signal aborts, its borrowed references live. */
  #forgetWhenDone(call: RunningCall): void {
    if (!call.answered || call.openStreams > 0) return;
    call.end();
    this.dispatcher.forget(call);
    this.#references?.returnBorrowed(call);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
