/** The calls that this side makes on a conversation: sending them, and settling each exactly once. */
import { isPipeworkError, markSent, PipeworkError, unsent } from '../../base/errors.ts';
import { dropSignals, findSignal, type CallOptions } from '../api/call-options.ts';
import { failed } from '../remote/call-result.ts';
import type { MessageStream } from '../messages/message-stream.ts';
import { IdTable } from './id-table.ts';
import { isAlone, reasonText } from '../../session/loss.ts';
import { SentCall } from './sent-call.ts';
import { messageType, runtimeMethods } from '../../session/wire-words.ts';
import type { Receiver } from '../references/reference-types.ts';
import type { References } from '../references/references.ts';
import { withoutStack } from '../values/error-stack.ts';
import type { IncomingMessage } from '../wire/incoming-message.ts';

// A promise's functions without a closure for each call.
let resolveNext: (value: unknown) => void;
let rejectNext: (reason: unknown) => void;
const capture = (resolve: (value: unknown) => void, reject: (reason: unknown) => void): void => {
  resolveNext = resolve;
  rejectNext = reject;
};

/** The reference that a call goes to, and the method where it is an object. */
export interface CalledReference {
  readonly id: number;
  readonly name: string | undefined;
}

export class OutgoingCalls {
  readonly #messages: MessageStream;
  readonly #references: References | undefined;
  readonly #pending = new IdTable<SentCall>();
  readonly #cancels: boolean;
  readonly #isControl: boolean;
  readonly #meta: boolean;
  #unanswered = 0;
  #closed: Error | undefined;
  #explanation: Promise<Error> | undefined;
  #finished = false;
  /** Called when the last call has been answered. */
  onSettled: (() => void) | undefined;

  constructor(messages: MessageStream, references: References | undefined, isControl: boolean) {
    this.#isControl = isControl;
    this.#messages = messages;
    this.#references = references;
    this.#cancels = messages.shared.capabilities.has('cancel');
    this.#meta = messages.shared.capabilities.has('meta');
  }

  /** Calls whose answer has not come. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Their methods, and those whose result is still streamed, for reports. */
  methods(): string[] {
    return this.#pending
      .values()
      .filter((call) => !call.answered || (call.streams !== undefined && call.streams.size > 0))
      .map((call) => call.method);
  }

  /** No call is made any more; those that were go on. */
  finish(): void {
    this.#finished = true;
  }

  /** Sends a call. `method` is as on the wire, or what the call of a reference is called here. Never throws: every failure is a rejection. */
  call(
    method: string,
    params: unknown[],
    options?: CallOptions,
    reference?: CalledReference,
  ): Promise<unknown> {
    const { shared } = this.#messages;
    if (this.#closed !== undefined) return this.#refused(method, this.#closed);
    if (this.#finished) {
      const why = 'was called on a connection that this side has closed.';
      return Promise.reject(unsent('RPC_CLOSED', `${method} ${why}`));
    }
    if (shared.counts.pendingCalls >= shared.limits.maxPendingCalls && !this.#isControl) {
      return Promise.reject(
        unsent(
          'RPC_OVERLOADED',
          `${method} was not sent: ${shared.counts.pendingCalls} calls already wait for ${shared.peer} (maxPendingCalls). Await some of them first.`,
        ),
      );
    }
    let signal: AbortSignal | undefined;
    try {
      signal = combine(options?.signal, findSignal(params));
    } catch (error) {
      return Promise.reject(error); // a getter of an argument threw
    }
    if (signal?.aborted === true) return Promise.reject(markSent(signal.reason, false));
    const deadlineMs = options?.deadlineMs;
    if (deadlineMs !== undefined && !(deadlineMs > 0))
      return failed(markSent(this.#deadlineError(method, deadlineMs), false));
    const promise = new Promise<unknown>(capture);
    const call = new SentCall(this.#pending.nextId(), method, resolveNext, rejectNext);
    // Known before it is sent: over pipes in memory the answer may come while it is being written.
    this.#pending.add(call);
    this.#unanswered++;
    shared.count('pendingCalls', 1);
    try {
      this.#send(call, params, signal, options, reference);
    } catch (error) {
      this.#unsend(call);
      call.reject(isPipeworkError(error) ? markSent(error, false) : error);
      return promise;
    }
    if (call.answered) return promise;
    const timed = deadlineMs !== undefined && deadlineMs < Infinity;
    if (signal !== undefined || timed) {
      call.watch(
        signal,
        (reason) => this.#abort(call, reason),
        timed ? deadlineMs : undefined,
        () => this.#abort(call, this.#deadlineError(method, deadlineMs ?? 0)),
      );
    }
    return promise;
  }

  #send(
    call: SentCall,
    params: unknown[],
    signal: AbortSignal | undefined,
    options: CallOptions | undefined,
    reference: CalledReference | undefined,
  ): void {
    const { id, method } = call;
    const wireMethod = reference === undefined ? method : runtimeMethods.call;
    if (options === undefined && this.#messages.writeRequest(id, wireMethod, sentParams(params, reference)))
      return;
    const references = this.#references;
    let wire: unknown;
    if (references === undefined) {
      wire = this.#messages.toWire(dropSignals(params), 'args', method, -1);
    } else {
      references.beginSending(this.#cancels ? signal : undefined);
      try {
        wire = this.#messages.toWire(params, 'args', method, reference === undefined ? -1 : 0);
      } finally {
        call.scope = references.endSending();
      }
    }
    wire = sentParams(wire, reference);
    const meta = this.#meta && options !== undefined ? metaOf(options) : undefined;
    this.#messages.write(
      meta === undefined
        ? [messageType.request, id, wireMethod, wire]
        : [messageType.request, id, wireMethod, wire, meta],
    );
  }

  /** It could not be sent: it never was. */
  #unsend(call: SentCall): void {
    if (call.answered) return;
    call.answered = true;
    this.#uncount(call);
    this.#settleWhenDone(call);
  }

  /** Nobody waits for it any more. */
  #uncount(call: SentCall): void {
    if (call.abandoned) return;
    this.#unanswered--;
    this.#messages.shared.count('pendingCalls', -1);
  }

  /** Takes the peer's answer. One to no call of ours is dropped: the call was cancelled, or the peer is mistaken. */
  takeAnswer(message: IncomingMessage): void {
    const call = this.#takeAnswered(message.id);
    if (call === undefined) return;
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
    if (call.abandoned) this.#giveBack(call);
    else if (hasFailed) call.reject(isPipeworkError(failure) ? markSent(failure, true) : failure);
    else call.resolve(result);
    this.#afterAnswer(call);
  }

  /** The peer's answer, which failed nothing and brought nothing by reference. */
  takePlainAnswer(id: number, result: unknown): void {
    const call = this.#takeAnswered(id);
    if (call === undefined) return;
    if (!call.abandoned) call.resolve(result);
    this.#afterAnswer(call);
  }

  /** The call that an answer is for, which is counted no more; undefined where it is for none, or has come before. */
  #takeAnswered(id: number): SentCall | undefined {
    const call = this.#pending.get(id);
    if (call === undefined || call.answered) return undefined;
    call.answered = true;
    this.#uncount(call);
    return call;
  }

  #afterAnswer(call: SentCall): void {
    this.#settleWhenDone(call);
    if (this.#unanswered === 0) this.onSettled?.();
  }

  /** The error stands before the result, which is nil then: both are read as one array. */
  #readError(message: IncomingMessage): unknown {
    const { source, at, end, bins } = message;
    const array = Buffer.allocUnsafe(end - at + 1);
    array[0] = 0x92;
    array.set(source.subarray(at, end), 1);
    message.set(array, 0, array.length, bins);
    return (this.#messages.read(message) as unknown[])[0];
  }

  /** Gives back what an answer brought by reference: its caller has gone, or the rest of it cannot be read. */
  #giveBack(call: SentCall): void {
    for (const stream of [...(call.streams ?? [])])
      stream.abort(new DOMException('The call was aborted.', 'AbortError'));
    this.#references?.releaseTaken();
  }

  /** The call's own reason, or its deadline: the caller hears at once, the peer is told, its answer will be dropped. */
  #abort(call: SentCall, reason: unknown): void {
    // Before its streams are reset, while the peer still knows the call.
    if (this.#cancels) this.#messages.notify(runtimeMethods.cancel, [call.id]);
    if (call.answered) {
      for (const stream of [...(call.streams ?? [])]) stream.abort(reason);
    } else {
      this.#uncount(call);
      call.abandoned = true;
      call.end();
      call.reject(markSent(reason, true));
      if (this.#unanswered === 0) this.onSettled?.();
    }
  }

  /** A stream of the result has ended. */
  streamEnded(receiver: Receiver): void {
    const call = this.#pending.get(receiver.id);
    if (call !== undefined && call === receiver) this.#settleWhenDone(call);
  }

  #settleWhenDone(call: SentCall): void {
    if (!call.answered || (call.streams !== undefined && call.streams.size > 0)) return;
    if (!this.#pending.delete(call.id)) return;
    call.end();
    this.#references?.settle(call.scope);
  }

  /** Rejects what is unanswered: no answer can come any more. */
  end(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    const calls = this.#pending.values();
    this.#pending.clear();
    for (const call of calls) {
      call.end();
      if (call.answered) continue;
      call.answered = true;
      this.#uncount(call);
    }
    const lost = calls.filter((call) => !call.abandoned);
    if (lost.length === 0) return;
    void this.#explain(error).then((cause) => {
      for (const call of lost) call.reject(markSent(this.#lossOf(call.method, cause), true));
    });
  }

  /** Why the conversation ended, by who knows most. Asked once, and only when there is someone to tell. */
  #explain(error: Error): Promise<Error> {
    if (isAlone(error)) return Promise.resolve(error);
    this.#explanation ??= this.#messages.shared.options.explainLoss?.(error).catch(() => error);
    return this.#explanation ?? Promise.resolve(error);
  }

  /** A call that comes too late is told what those before it were told. */
  async #refused(method: string, closed: Error): Promise<never> {
    return failed(markSent(this.#lossOf(method, await this.#explain(closed)), false));
  }

  #lossOf(method: string, cause: Error): PipeworkError {
    const { peer } = this.#messages.shared;
    const message = `${method} was not answered by ${peer}: ${reasonText(cause)}`;
    return withoutStack(new PipeworkError('RPC_CLOSED', message, { cause }), `${method} (${peer})`);
  }

  #deadlineError(method: string, deadlineMs: number): PipeworkError {
    const { peer } = this.#messages.shared;
    const message = `${method} was not answered by ${peer} within its deadline of ${deadlineMs} ms.`;
    return withoutStack(new PipeworkError('RPC_DEADLINE', message), `${method} (${peer})`);
  }
}

/** The params as they are sent: those of a call to a reference stand behind its id. */
function sentParams<T>(params: T, reference: CalledReference | undefined): T | unknown[] {
  if (reference === undefined) return params;
  const { id, name } = reference;
  return name === undefined ? [id, params] : [id, params, name];
}

function combine(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one === undefined || other === undefined || one === other
    ? (one ?? other)
    : AbortSignal.any([one, other]);
}

function metaOf({ deadlineMs, metadata }: CallOptions): Record<string, unknown> | undefined {
  const meta: Record<string, unknown> = {};
  if (deadlineMs !== undefined && deadlineMs < Infinity) meta['deadline'] = Math.ceil(deadlineMs);
  // An interceptor may have put anything there.
  if (Object.keys(Object(metadata) as object).length > 0) meta['metadata'] = { ...metadata };
  return Object.keys(meta).length === 0 ? undefined : meta;
}
