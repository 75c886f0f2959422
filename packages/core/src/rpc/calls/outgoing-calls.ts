/** The calls that this side makes on a conversation. Sends each call, and settles it exactly once. */
import { isPipeworkError, markSent, type PipeworkError } from '../../base/errors.ts';
import { dropSignals, findSignals, type CallOptions, type SignalledParams } from '../api/call-options.ts';
import { failed } from '../remote/call-result.ts';
import type { MessageStream } from '../messages/message-stream.ts';
import { IdTable } from './id-table.ts';
import { isAlone } from '../../session/loss.ts';
import { SentCall } from './sent-call.ts';
import { messageType, runtimeMethods } from '../../session/wire-words.ts';
import type { Borrower, Receiver } from '../references/reference-types.ts';
import type { References } from '../references/references.ts';
import { calledAfterFinish, deadlinePassed, lossOf, tooManyPending } from './unanswered-errors.ts';
import { metaOf } from './call-meta.ts';
import { MethodName } from '../messages/method-names.ts';
import { referenceCallName } from '../api/interceptors.ts';
import type { IncomingMessage } from '../wire/incoming-message.ts';

// The `resolve` and `reject` of the promise that was made last. With these variables, no call needs a closure
// for its promise.
let resolveNext: (value: unknown) => void;
let rejectNext: (reason: unknown) => void;
const capture = (resolve: (value: unknown) => void, reject: (reason: unknown) => void): void => {
  resolveNext = resolve;
  rejectNext = reject;
};

/** The name on the wire of the method that calls a reference. */
const callName = new MethodName(runtimeMethods.call, runtimeMethods.call);

/** The reference that a call goes to, and the name of the method if the reference is an object. */
export interface CalledReference {
  readonly id: number;
  readonly name: string | undefined;
  /** If a running call borrowed the reference, that call. */
  readonly within?: Borrower | undefined;
}

export class OutgoingCalls {
  readonly #messages: MessageStream;
  readonly #references: References | undefined;
  readonly #pending = new IdTable<SentCall>();
  readonly #takesCancel: boolean;
  readonly #isControl: boolean;
  readonly #takesMeta: boolean;
  #unanswered = 0;
  #endedBy: Error | undefined;
  #explanation: Promise<Error> | undefined;
  #isFinishing = false;
  /** Called when no caller waits for an answer any more. */
  onSettled: (() => void) | undefined;

  constructor(messages: MessageStream, references: References | undefined, isControl: boolean) {
    this.#isControl = isControl;
    this.#messages = messages;
    this.#references = references;
    this.#takesCancel = messages.shared.capabilities.has('cancel');
    this.#takesMeta = messages.shared.capabilities.has('meta');
  }

  /** How many calls are not answered yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /**
   * Returns the methods of the calls that the peer has not answered, and of the calls whose result is being
   * streamed. This includes calls whose caller no longer waits. Crash reports show these methods.
   */
  methods(): string[] {
    return this.#pending
      .values()
      .filter((call) => call.state !== 'concluded' || hasStreams(call))
      .map((call) => call.method);
  }

  /** Refuses further calls. Calls that were already made continue. */
  finish(): void {
    this.#isFinishing = true;
  }

  /** Calls a reference of the peer. Never throws. */
  callReference(reference: CalledReference, params: unknown[], options?: CallOptions): Promise<unknown> {
    return this.call(callName, params, options, reference);
  }

  /** Calls a method. Never throws. Every failure is a rejection. */
  call(
    name: MethodName,
    params: unknown[],
    options?: CallOptions,
    reference?: CalledReference,
  ): Promise<unknown> {
    const method = reference === undefined ? name.wire : referenceCallName(reference.name);
    const refusal = this.#refusalOf(method);
    if (refusal !== undefined) return refusal;
    let signalled: SignalledParams | undefined;
    try {
      signalled = findSignals(params, options?.signal, this.#isCopied);
    } catch (error) {
      return Promise.reject(error); // a getter of an argument threw
    }
    const signals = signalled?.signals;
    const aborted = signals?.find((signal) => signal.aborted);
    if (aborted !== undefined) return Promise.reject(markSent(aborted.reason, false));
    const deadlineMs = options?.deadlineMs;
    if (deadlineMs !== undefined && !(deadlineMs > 0))
      return failed(markSent(this.#deadlineError(method, deadlineMs), false));
    const promise = new Promise<unknown>(capture);
    const call = this.#register(method, resolveNext, rejectNext, reference?.within);
    try {
      this.#send(call, name, signalled?.params ?? params, signals, options, reference);
    } catch (error) {
      this.#unsend(call);
      call.reject(isPipeworkError(error) ? markSent(error, false) : error);
      return promise;
    }
    if (call.state === 'waiting') this.#watch(call, signals, deadlineMs);
    return promise;
  }

  readonly #isCopied = (param: object): boolean => this.#references?.standsApart(param) !== true;

  /** Returns the rejection of a call that must not be sent; undefined if the call may be sent. */
  #refusalOf(method: string): Promise<never> | undefined {
    const { shared } = this.#messages;
    if (this.#endedBy !== undefined) return this.#lost(method, this.#endedBy);
    if (this.#isFinishing) return Promise.reject(calledAfterFinish(method));
    if (this.#isControl || shared.counts.pendingCalls < shared.limits.maxPendingCalls) return undefined;
    return Promise.reject(tooManyPending(method, shared));
  }

  /**
   * Registers a call before it is sent. Over pipes in memory, the answer may arrive while the call is being
   * written.
   */
  #register(
    method: string,
    resolve: typeof resolveNext,
    reject: typeof rejectNext,
    within: Borrower | undefined,
  ): SentCall {
    const call = new SentCall(this.#pending.nextId(), method, resolve, reject, within);
    this.#pending.add(call);
    this.#unanswered++;
    this.#messages.shared.count('pendingCalls', 1);
    return call;
  }

  #watch(call: SentCall, signals: readonly AbortSignal[] | undefined, deadlineMs: number | undefined): void {
    const isTimed = deadlineMs !== undefined && deadlineMs < Infinity;
    if (signals === undefined && !isTimed) return;
    call.watch(
      signals ?? [],
      (reason) => this.#abort(call, reason),
      isTimed ? deadlineMs : undefined,
      () => this.#abort(call, this.#deadlineError(call.method, deadlineMs ?? 0)),
    );
  }

  #send(
    call: SentCall,
    name: MethodName,
    params: unknown[],
    signals: readonly AbortSignal[] | undefined,
    options: CallOptions | undefined,
    reference: CalledReference | undefined,
  ): void {
    const { id, method } = call;
    let read = params;
    let copies: readonly object[] | undefined;
    if (options === undefined) {
      const left = this.#messages.writeRequest(id, name, sentParams(params, reference));
      if (typeof left === 'boolean') return;
      read = (reference === undefined ? left.value : (left.value as unknown[])[1]) as unknown[];
      copies = left.copies;
    }
    const references = this.#references;
    let wire: unknown;
    if (references === undefined) {
      wire = this.#messages.toWire(dropSignals(read), 'args', method, -1, copies);
    } else {
      references.beginSending(this.#takesCancel ? signals : undefined);
      try {
        wire = this.#messages.toWire(read, 'args', method, reference === undefined ? -1 : 0, copies);
      } finally {
        call.scope = references.endSending();
      }
    }
    wire = sentParams(wire, reference);
    const meta = this.#takesMeta && options !== undefined ? metaOf(options) : undefined;
    this.#messages.write(
      meta === undefined
        ? [messageType.request, id, name.wire, wire]
        : [messageType.request, id, name.wire, wire, meta],
    );
  }

  /** Undoes the bookkeeping of a call that could not be sent. */
  #unsend(call: SentCall): void {
    if (call.state === 'concluded') return;
    this.#conclude(call);
    this.#settleWhenDone(call);
  }

  /** Stops awaiting the answer to the call. Returns true if the call's caller still waits. */
  #conclude(call: SentCall): boolean {
    const isAwaited = call.state === 'waiting';
    if (isAwaited) this.#uncount();
    call.state = 'concluded';
    return isAwaited;
  }

  /** Stops counting a call as pending, because its caller no longer waits. */
  #uncount(): void {
    this.#unanswered--;
    this.#messages.shared.count('pendingCalls', -1);
  }

  /** Handles the peer's answer. If no unanswered call has the answer's id, the answer is dropped. */
  takeAnswer(message: IncomingMessage): void {
    const call = this.#awaited(message.id);
    if (call === undefined) return;
    const hasCaller = this.#conclude(call);
    const references = this.#references;
    let result: unknown;
    let failure: unknown;
    let hasFailed = false;
    references?.beginTaking(undefined, call);
    try {
      if (message.source[message.at] === 0xc0) {
        message.at++;
        result = this.#messages.read(message);
      } else {
        hasFailed = true;
        failure = this.#messages.errorFromWire(this.#readError(message), call.method);
      }
    } catch (error) {
      hasFailed = true;
      failure = error;
      this.#giveBack(call);
    } finally {
      references?.endTaking();
    }
    if (!hasCaller) this.#giveBack(call);
    else if (hasFailed) call.reject(isPipeworkError(failure) ? markSent(failure, true) : failure);
    else call.resolve(result);
    this.#afterAnswer(call);
  }

  /** Handles a successful answer that the fast path has read. Such an answer contains no reference. */
  takePlainAnswer(id: number, result: unknown): void {
    const call = this.#awaited(id);
    if (call === undefined) return;
    if (this.#conclude(call)) call.resolve(result);
    this.#afterAnswer(call);
  }

  /** Returns the call with this id; undefined if no call with this id awaits an answer. */
  #awaited(id: number): SentCall | undefined {
    const call = this.#pending.get(id);
    return call?.state === 'concluded' ? undefined : call;
  }

  #afterAnswer(call: SentCall): void {
    this.#settleWhenDone(call);
    if (this.#unanswered === 0) this.onSettled?.();
  }

  /**
   * Reads the error of an answer. In the message, the error stands before the result, and the result of a
   * failed call is nil. `read()` can only read the last element, so the error and the result are copied into
   * a separate array.
   */
  #readError(message: IncomingMessage): unknown {
    const { source, at, end, bins } = message;
    const array = Buffer.allocUnsafe(end - at + 1);
    array[0] = 0x92;
    array.set(source.subarray(at, end), 1);
    message.set(array, 0, array.length, bins);
    return (this.#messages.read(message) as unknown[])[0];
  }

  /**
   * Gives back the references in an answer, because the call's caller no longer waits, or because the rest of
   * the answer cannot be read.
   */
  #giveBack(call: SentCall): void {
    for (const stream of [...(call.streams ?? [])])
      stream.abort(new DOMException('the call was aborted', 'AbortError'));
    this.#references?.releaseTaken();
  }

  /**
   * Ends a call because its signal aborted or its deadline passed. The caller's promise rejects immediately,
   * the peer gets a cancel, and the answer will be dropped.
   */
  #abort(call: SentCall, reason: unknown): void {
    this.#references?.leaveStreams(call.scope, reason);
    // The cancel is sent before the call's streams end, because the peer may forget the call as soon as these
    // streams have ended.
    if (this.#takesCancel) this.#messages.notify(runtimeMethods.cancel, [call.id]);
    this.#references?.abortStreams(call.scope, reason);
    if (call.state === 'concluded') {
      for (const stream of [...(call.streams ?? []), ...(call.unread ?? [])]) stream.abort(reason);
    } else if (call.state === 'waiting') {
      // The state is checked here, because the lines above may run user code that aborts the call by another
      // of its signals.
      this.#uncount();
      call.state = 'abandoned';
      call.end();
      call.reject(markSent(reason, true));
      if (this.#unanswered === 0) this.onSettled?.();
    }
  }

  /** Cancels every call whose caller waits for the answer. */
  abortAll(reason: unknown): void {
    for (const call of this.#pending.values()) if (call.state === 'waiting') this.#abort(call, reason);
  }

  /** Must be called when a stream of the result has ended, and when all its items were taken. */
  streamEnded(receiver: Receiver): void {
    const call = this.#pending.get(receiver.id);
    if (call !== undefined && call === receiver) this.#settleWhenDone(call);
  }

  #settleWhenDone(call: SentCall): void {
    if (call.state !== 'concluded' || hasStreams(call)) return;
    if (call.unread !== undefined && call.unread.size > 0) return this.#settleUnread(call);
    if (!this.#pending.delete(call.id)) return;
    call.end();
    this.#references?.settle(call.scope);
  }

  /**
   * Takes back the references of a call's arguments, as the peer does now. The call's signals and its deadline
   * are watched until the caller has read the streams of the result.
   */
  #settleUnread(call: SentCall): void {
    const { scope } = call;
    call.scope = undefined;
    this.#references?.settle(scope);
  }

  /** Rejects all calls that are not answered, because no more answers can come. */
  end(error: Error): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = error;
    const calls = this.#pending.values();
    this.#pending.clear();
    for (const call of calls) call.end();
    const lost = calls.filter((call) => this.#conclude(call));
    if (lost.length === 0) return;
    void this.#explain(error).then((cause) => {
      const { peer } = this.#messages.shared;
      for (const call of lost) call.reject(markSent(lossOf(call.method, peer, cause), true));
    });
  }

  /**
   * Resolves with the reason why the conversation ended. The process's exit may explain more than `error`.
   * The first call of this method begins to wait for the exit, and later calls share this wait.
   */
  #explain(error: Error): Promise<Error> {
    if (isAlone(error)) return Promise.resolve(error);
    this.#explanation ??= this.#messages.shared.options.explainLoss?.(error).catch(() => error);
    return this.#explanation ?? Promise.resolve(error);
  }

  /**
   * Rejects a call that was made after the end. The reason is the same as for the calls that were pending at
   * the end.
   */
  async #lost(method: string, reason: Error): Promise<never> {
    const cause = await this.#explain(reason);
    return failed(markSent(lossOf(method, this.#messages.shared.peer, cause), false));
  }

  #deadlineError(method: string, deadlineMs: number): PipeworkError {
    return deadlinePassed(method, this.#messages.shared.peer, deadlineMs);
  }
}

function hasStreams({ streams }: SentCall): boolean {
  return streams !== undefined && streams.size > 0;
}

/** Returns the params as they are sent. For a call to a reference, the reference's id comes first. */
function sentParams<T>(params: T, reference: CalledReference | undefined): T | unknown[] {
  if (reference === undefined) return params;
  const { id, name } = reference;
  return name === undefined ? [id, params] : [id, params, name.toWellFormed()];
}
