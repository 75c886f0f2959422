/** The calls that the peer makes on a conversation. Runs each call, and answers it exactly once. */
import { PipeworkError } from '../../base/errors.ts';
import { contextStorage, enterContext, leaveContext } from '../api/call-context.ts';
import type { MessageStream } from '../messages/message-stream.ts';
import type { Unwritten } from '../messages/small/writer.ts';
import { AdmittedCalls } from './admitted-calls.ts';
import { handlerChannel, isTraced } from '../api/instrumentation.ts';
import { referenceCallName, type HandlerInterceptor } from '../api/interceptors.ts';
import { messageType, runtimeMethods } from '../../session/wire-words.ts';
import type { Borrower } from '../references/reference-types.ts';
import type { References } from '../references/references.ts';
import { readMeta } from './call-meta.ts';
import type { MethodNames } from '../messages/method-names.ts';
import { IncomingCall } from './incoming-call.ts';
import type { IncomingMessage } from '../wire/incoming-message.ts';
import { unknownMethod, type ServedObject } from '../api/served-object.ts';

export interface IncomingCallsOptions {
  /** True for the control stream, where no limit and no interceptor of the user applies. */
  readonly isControl: boolean;
  /**
   * True for a service of the host. Calls to the service are counted as callbacks, and never wait in the
   * queue.
   */
  readonly isService: boolean;
  /**
   * The name under which the implementation was dispensed. Traces of calls to the implementation show this
   * name.
   */
  readonly service: string | undefined;
  /** Interceptors around each call, the outermost first. */
  readonly interceptors: readonly HandlerInterceptor[];
}

/**
 * If more than this many bytes of answers wait for the peer, further calls wait until most of these bytes
 * have left.
 */
const maxUnreadBytes = 1024 * 1024;

export class IncomingCalls {
  readonly admitted: AdmittedCalls;
  readonly #messages: MessageStream;
  readonly #references: References | undefined;
  readonly #served: ServedObject | undefined;
  readonly #beforeReply: (() => void) | undefined;
  readonly #interceptors: readonly HandlerInterceptor[];
  /** True for the control stream, where no limit and no interceptor of the user applies. */
  readonly #isControl: boolean;
  /** True for a service of the host. A plugin may call the service while the host waits for the plugin. */
  readonly #isService: boolean;
  readonly #service: string | undefined;
  readonly #names: MethodNames;
  #isFlowing = true;
  #unreadBytes = 0;

  constructor(
    messages: MessageStream,
    references: References | undefined,
    served: ServedObject | undefined,
    names: MethodNames,
    { isControl, isService, service, interceptors }: IncomingCallsOptions,
  ) {
    this.#messages = messages;
    this.#references = references;
    this.#served = served;
    this.#names = names;
    this.#isControl = isControl;
    this.#beforeReply = messages.shared.options.beforeReply;
    this.#isService = isService;
    this.#service = service;
    this.#interceptors = this.#isControl ? [] : interceptors;
    this.admitted = new AdmittedCalls(messages.shared.callQueue);
  }

  /**
   * False while the peer does not read the answers to its calls. While this is false, arriving requests get
   * no credit.
   */
  get isFlowing(): boolean {
    return this.#isFlowing;
  }

  /**
   * True while more than `maxUnreadBytes` of answers wait for the peer. Calls that arrive meanwhile must
   * wait. Running calls are answered in any case.
   */
  get areTooManyUnread(): boolean {
    return this.#unreadBytes > maxUnreadBytes;
  }

  /** Must be called when the stream has drained. */
  drained(): void {
    this.#isFlowing = true;
    this.#unreadBytes = 0;
  }

  /** Handles a request. Throws `RPC_PROTOCOL` if the request's id is in use. */
  request(message: IncomingMessage): void {
    const { id, method } = message;
    this.#checkId(id, method);
    const call = new IncomingCall(id, method);
    const references = this.#references;
    let params: unknown;
    references?.beginTaking(call);
    try {
      params = message.size === 5 ? this.#readWithMeta(call, message) : this.#messages.read(message);
      if (!Array.isArray(params)) {
        throw new PipeworkError('RPC_INVALID_VALUE', `the params of ${method} are not an array`);
      }
    } catch (error) {
      references?.endTaking();
      return this.#refuse(call, error);
    }
    references?.endTaking();
    this.#begin(call, params);
  }

  /** Handles a request whose params the fast path has read. */
  plainRequest(id: number, method: string, params: unknown[]): void {
    this.#checkId(id, method);
    this.#begin(new IncomingCall(id, method), params);
  }

  #checkId(id: number, method: string): void {
    if (this.admitted.get(id) === undefined) return;
    throw new PipeworkError(
      'RPC_PROTOCOL',
      `the peer used message id ${id} for ${method} while a call with that id is running`,
    );
  }

  /**
   * Runs the handler of a notification. The outcome of the handler is not sent to the peer. A notification
   * without a handler is dropped.
   */
  notified(method: string, params: unknown[]): void {
    const name = this.#names.received(method)?.short;
    const served = this.#served;
    if (served === undefined || name === undefined) return;
    const call = new IncomingCall(0, method);
    if (this.admitted.refusalOf(call) !== undefined) return;
    const outer = enterContext(call);
    try {
      void Promise.resolve(served.invoke(name, params, call)).catch(() => {});
    } catch {
      // A notification has no answer that could carry the error.
    } finally {
      leaveContext(outer);
    }
  }

  #readWithMeta(call: IncomingCall, message: IncomingMessage): unknown {
    // `read()` needs the last element of a message, or the whole message. The params are not the last element
    // here, so the whole message is read.
    message.at = message.start;
    const elements = this.#messages.read(message) as unknown[];
    const { metadata, remainingMs } = readMeta(elements[4]);
    call.setMeta(metadata, remainingMs, () =>
      this.#abort(
        call,
        new PipeworkError('RPC_DEADLINE', `the caller's deadline for ${call.method} has passed`),
      ),
    );
    return elements[3];
  }

  /** Handles a cancel that the peer sent for the call with this id. Ignores an id that no call has. */
  cancel(id: unknown): void {
    const call = this.admitted.get(id as number);
    if (call !== undefined)
      this.#abort(call, new DOMException('the operation was aborted by the caller', 'AbortError'));
  }

  /**
   * Cancels a call. If the call runs, it is answered when its handler returns. If the call waits in the
   * queue, it never runs, and is answered immediately.
   */
  #abort(call: IncomingCall, reason: unknown): void {
    call.cancel(reason);
    if (this.admitted.unqueue(call)) this.#refuse(call, reason);
  }

  #begin(call: IncomingCall, params: unknown[]): void {
    const { admitted } = this;
    // A callback must not wait in the queue. If running handlers waited for callbacks, and the callbacks
    // waited for these handlers to end, both sides would block.
    if (this.#isControl) call.limit = 'none';
    else if (this.#isService || this.#isCallback(call)) call.limit = 'callbacks';
    const refusal = admitted.refusalOf(call);
    if (refusal !== undefined) return this.#refuse(call, refusal);
    const begun = admitted.begin(call);
    if (begun === 'running') this.#run(call, params);
    else if (begun === 'must wait') admitted.wait(call, () => this.#run(call, params));
    else this.#refuse(call, begun);
  }

  #isCallback(call: IncomingCall): boolean {
    return this.#references !== undefined && call.method === runtimeMethods.call;
  }

  /**
   * Starts the call. A call to a reference runs in the asynchronous context in which the reference was given.
   * The answer is sent in this context too, because the source of a stream in the answer must run in this
   * context.
   */
  #run(call: IncomingCall, params: unknown[]): void {
    const context = this.#isCallback(call) ? this.#references?.contextOf(params[0]) : undefined;
    if (context === undefined) this.#runInStorage(call, params);
    else context.runInAsyncScope(() => this.#runInStorage(call, params));
  }

  /**
   * Starts the call as the one that `callContext()` finds after an `await`. The context in which a reference
   * was given holds the call that gave it, so this must be called within that context.
   */
  #runInStorage(call: IncomingCall, params: unknown[]): void {
    const storage = contextStorage();
    if (storage === undefined) this.#start(call, params);
    else storage.run(call, () => this.#start(call, params));
  }

  #start(call: IncomingCall, params: unknown[]): void {
    const outer = enterContext(call);
    try {
      if (isTraced(handlerChannel) && !this.#isControl) return this.#startTraced(call, params);
      const result = this.#invoke(call, params);
      if (isThenable(result)) {
        this.admitted.track(call);
        // Promise.resolve() calls the `then()` of a user's thenable later, because that `then()` may run any
        // code.
        const promise = result instanceof Promise ? result : Promise.resolve(result);
        promise.then(
          (value) => this.#answer(call, value),
          (error: unknown) => this.#fail(call, error),
        );
      } else {
        this.#answer(call, result);
      }
    } catch (error) {
      this.#fail(call, error);
    } finally {
      leaveContext(outer);
    }
  }

  /**
   * Runs and answers a call within its trace. If a subscriber has bound a store to `handlerChannel`, the
   * store is active while the handler runs and while the answer is sent.
   */
  #startTraced(call: IncomingCall, params: unknown[]): void {
    this.admitted.track(call);
    const { method, params: args } = this.#seen(call, params);
    const trace = {
      method,
      service: this.#service,
      peer: 'the caller',
      params: args,
      // The metadata is copied, because a subscriber may write into it. Object.assign() copies a frozen
      // object faster than a spread does.
      metadata: Object.assign({}, call.metadata),
    };
    const answer = async (): Promise<unknown> => {
      let result: unknown;
      try {
        result = await this.#invoke(call, params);
      } catch (error) {
        this.#fail(call, error);
        throw error;
      }
      this.#answer(call, result);
      return result;
    };
    // `answer` has already sent the failure to the caller.
    handlerChannel.tracePromise(answer, trace).catch(() => {});
  }

  #invoke(call: IncomingCall, params: unknown[]): unknown {
    if (this.#interceptors.length === 0) call.bindSignals();
    if (this.#isCallback(call)) {
      const args = params[1];
      if (!Array.isArray(args)) {
        throw new PipeworkError('RPC_INVALID_VALUE', 'the peer called a reference without its arguments');
      }
      if (this.#interceptors.length === 0) return this.#references?.invoke(params[0], params[2], args);
      return this.#around(call, params, () => this.#references?.invoke(params[0], params[2], args));
    }
    const served = this.#served;
    if (call.method === runtimeMethods.describe && served?.describe !== undefined) return served.describe();
    const name = this.#names.received(call.method)?.short;
    if (served === undefined || name === undefined) throw unknownMethod(call.method);
    if (this.#interceptors.length === 0) return served.invoke(name, params, call);
    return this.#around(call, params, () => served.invoke(name, params, call));
  }

  /**
   * Returns the method and the params that interceptors and tracing tools see. For a call to a reference, the
   * params are the arguments of the referenced function.
   */
  #seen(call: IncomingCall, params: unknown[]): { method: string; params: unknown[] } {
    if (!this.#isCallback(call)) return { method: call.method, params };
    return { method: referenceCallName(params[2]), params: Array.isArray(params[1]) ? params[1] : [] };
  }

  #around(call: IncomingCall, params: unknown[], invoke: () => unknown): unknown {
    const seen = { ...this.#seen(call, params), context: call };
    const run = (index: number): unknown => {
      const interceptor = this.#interceptors[index];
      if (interceptor !== undefined) return interceptor(seen, () => run(index + 1));
      const outer = enterContext(call);
      try {
        call.bindSignals();
        return invoke();
      } finally {
        leaveContext(outer);
      }
    };
    return run(0);
  }

  #answer(call: IncomingCall, result: unknown): void {
    this.#beforeReply?.();
    const { queuedBytes } = this.#messages;
    let written: boolean | Unwritten;
    try {
      written = this.#messages.writeAnswer(call.id, result);
    } catch (error) {
      return this.#fail(call, error); // a getter of the result threw
    }
    if (typeof written !== 'boolean') return this.#answerAtLength(call, written);
    if (!written) this.#blocked(queuedBytes);
    this.#answered(call);
  }

  #answerAtLength(call: IncomingCall, { value, copies }: Unwritten): void {
    const references = this.#references;
    let wire: unknown;
    references?.beginHandingOver(call);
    try {
      wire = this.#messages.toWire(value, 'result', call.method, 0, copies);
    } catch (error) {
      references?.revokeSending(error);
      return this.#fail(call, error);
    }
    const scope = references?.endSending();
    try {
      this.#write([messageType.response, call.id, null, wire]);
    } catch (error) {
      references?.revoke(scope, error);
      return this.#fail(call, error);
    }
    this.#answered(call);
  }

  #fail(call: IncomingCall, error: unknown): void {
    this.#writeFailure(call, error);
    this.#answered(call);
  }

  /** Fails a call that never ran. */
  #refuse(call: IncomingCall, error: unknown): void {
    this.#writeFailure(call, error);
    call.end();
    this.#references?.returnBorrowed(call);
  }

  #writeFailure({ id, method }: IncomingCall, error: unknown): void {
    try {
      this.#write([messageType.response, id, this.#messages.errorToWire(error, method), null]);
    } catch {
      // If the error cannot be written, for instance because it is too large, a short text is written
      // instead.
      this.#write([messageType.response, id, `${method} failed with an error that cannot be sent`, null]);
    }
  }

  #write(message: readonly unknown[]): void {
    this.#beforeReply?.();
    const { queuedBytes } = this.#messages;
    if (!this.#messages.write(message)) this.#blocked(queuedBytes);
  }

  /**
   * Counts an answer that the peer has not read. `before` is the number of bytes that were queued before the
   * answer.
   */
  #blocked(before: number): void {
    this.#isFlowing = false;
    this.#unreadBytes += Math.max(0, this.#messages.queuedBytes - before);
  }

  #answered(call: IncomingCall): void {
    call.isAnswered = true;
    this.#forgetWhenDone(call);
    this.admitted.handlerEnded(call);
  }

  /** Must be called when a stream that was given in the result of `call` has ended. */
  streamEnded(call: Borrower): void {
    call.held.given--;
    // If `admitted` does not track the call, the call is being answered in this turn, and `#answered()` will
    // forget it.
    const tracked = this.admitted.get(call.id);
    if (tracked === call) this.#forgetWhenDone(tracked);
  }

  /**
   * Forgets an answered call if no stream of its result is open. While a stream is open, the call's signal
   * can abort, and its borrowed references can be called.
   */
  #forgetWhenDone(call: IncomingCall): void {
    if (!call.isAnswered) return;
    if (call.isStreaming) return this.admitted.track(call);
    call.end();
    this.admitted.forget(call);
    if (call.isHolding) this.#references?.returnBorrowed(call);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return value instanceof Promise || typeof (value as { then?: unknown }).then === 'function';
}
