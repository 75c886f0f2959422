/** The options that a caller can pass with one call, in addition to the arguments. */
import { inspect } from 'node:util';
import { PipeworkError } from '../../base/errors.ts';
import { isAbortSignal, isObjectPrototype } from '../../base/realm.ts';

/** The options of one call. `withCallOptions()` binds such options to a remote. */
export interface CallOptions {
  /**
   * When this signal aborts, the call rejects immediately with the signal's reason, and the handler's signal
   * on the other side aborts too.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds after which the call rejects with `RPC_DEADLINE`. The remaining time is sent to the handler.
   */
  readonly deadlineMs?: number | undefined;
  /**
   * Metadata, for instance `traceparent`, `tracestate` or `baggage`. The metadata is sent with the call if
   * the peer announced `meta`.
   */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** The arguments of a call, and the signals that cancel it. */
export interface SignalledParams {
  /**
   * The params. Each object that has a `signal` and is sent as a copy is already replaced by its copy. The
   * object's fields were read once, for this copy.
   */
  readonly params: unknown[];
  readonly signals: readonly AbortSignal[] | undefined;
}

/**
 * Finds the signals that cancel a call. These signals are the signal of the call's options, the signals among
 * its arguments, and the `signal` of an argument that is an object. Returns undefined if there are no signals
 * and no argument was copied. `isCopied` tells whether an object without a class is copied to the peer.
 */
export function findSignals(
  params: unknown[],
  ofOptions: AbortSignal | undefined,
  isCopied: (param: object) => boolean,
): SignalledParams | undefined {
  let read: unknown[] | undefined;
  // This does not use AbortSignal.any(), because a signal that outlives many calls would then keep memory for
  // each of them.
  let found: AbortSignal[] | undefined = ofOptions === undefined ? undefined : [ofOptions];
  for (let index = 0; index < params.length; index++) {
    let param = params[index];
    if (typeof param !== 'object' || param === null) continue;
    const prototype = Object.getPrototypeOf(param) as object | null;
    if (prototype === null || isObjectPrototype(prototype)) {
      if (!Object.hasOwn(param, 'signal')) continue;
      if (isCopied(param)) (read ??= [...params])[index] = param = { ...param };
    }
    const candidate = isAbortSignal(param) ? param : (param as { signal?: unknown }).signal;
    if (!isAbortSignal(candidate)) continue;
    if (found === undefined) found = [candidate];
    else if (!found.includes(candidate)) found.push(candidate);
  }
  return read === undefined && found === undefined ? undefined : { params: read ?? params, signals: found };
}

/**
 * Returns a copy of the options, and reads each of them once. Throws `CONFIG_INVALID` for an option that
 * {@link CallOptions} does not have. The message names the option.
 */
export function takeCallOptions(options: CallOptions): CallOptions {
  const taken = takeKnownCallOptions(options);
  for (const name of Object.keys(taken)) {
    if (name === 'signal' || name === 'deadlineMs' || name === 'metadata') continue;
    throw invalid(
      name,
      'is not a call option: the options are signal, deadlineMs and metadata',
      taken[name as never],
    );
  }
  return taken;
}

/**
 * Like {@link takeCallOptions}, but accepts options that pipework does not know. The copy has a copy of the
 * metadata, so exactly the checked texts are sent with each call.
 */
export function takeKnownCallOptions(options: CallOptions): CallOptions {
  if (!isRecord(options)) {
    const expected = 'the options must be an object of signal, deadlineMs and metadata';
    throw new PipeworkError('CONFIG_INVALID', `${expected}; got ${inspect(options, { depth: 1 })}`);
  }
  const taken = { ...options };
  const { signal, deadlineMs } = taken;
  if (signal !== undefined && !isAbortSignal(signal))
    throw invalid('signal', 'must be an AbortSignal', signal);
  if (deadlineMs !== undefined && !(typeof deadlineMs === 'number' && deadlineMs > 0)) {
    throw invalid('deadlineMs', 'must be a number of milliseconds above 0', deadlineMs);
  }
  return taken.metadata === undefined ? taken : { ...taken, metadata: takeMetadata(taken.metadata) };
}

function takeMetadata(metadata: unknown): Readonly<Record<string, string>> {
  const taken = isRecord(metadata) ? { ...metadata } : undefined;
  if (taken === undefined || Object.values(taken).some((value) => typeof value !== 'string'))
    throw invalid('metadata', 'must be an object whose values are strings', metadata);
  return taken as Readonly<Record<string, string>>;
}

/**
 * True for a plain record. A Map or Headers is refused, because its entries are not properties, and would be
 * lost without notice.
 */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === '[object Object]';
}

function invalid(name: string, expected: string, came: unknown): PipeworkError {
  return new PipeworkError(
    'CONFIG_INVALID',
    `options.${name} ${expected}; got ${inspect(came, { depth: 1 })}`,
  );
}

/**
 * Returns the params for a peer without `refs`. Drops a trailing `undefined`, and a trailing options object
 * that holds only an abort signal, because net/rpc takes exactly one param.
 */
export function dropSignals(params: readonly unknown[]): readonly unknown[] {
  let length = params.length;
  while (length > 0 && (params[length - 1] === undefined || isSignalAlone(params[length - 1]))) length--;
  return length === params.length ? params : params.slice(0, length);
}

function isSignalAlone(param: unknown): boolean {
  if (typeof param !== 'object' || param === null) return false;
  if (isAbortSignal(param)) return true;
  // `signal` is looked up before the keys are listed, because a large binary has as many keys as bytes, and
  // each key is a string.
  if (!Object.hasOwn(param, 'signal')) return false;
  const keys = Object.keys(param);
  if (keys.length !== 1 || keys[0] !== 'signal') return false;
  const { signal } = param as { signal: unknown };
  return signal === undefined || isAbortSignal(signal);
}
