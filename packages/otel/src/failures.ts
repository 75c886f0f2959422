/** Describes a failure for a span and for a metric. */
import { SpanStatusCode, type Attributes, type Exception, type Span } from '@opentelemetry/api';
import { attributes, other } from './names.ts';

/**
 * The attributes of a failure. In one process, all failures together have at most `maxTypes` different types.
 * Further types become `_OTHER`.
 */
export interface Failure {
  /**
   * The value of `error.type`: the error's code, or else its name, or else `_OTHER`. Undefined if the caller
   * aborted the call.
   */
  readonly type: string | undefined;
  /** The value of `rpc.status_code`: the error's code, if it has one. */
  readonly statusCode: string | undefined;
}

/**
 * The maximum length of an error's recorded name, message and stack, in characters. The plugin writes these
 * texts, so they may be long.
 */
const maxText = 4096;

/**
 * The maximum number of different types of errors that are reported by name. All further types are reported
 * as `_OTHER`. The limit is needed because the plugin chooses the types, and each type adds a time series to
 * a metric.
 */
const maxTypes = 200;

const plainWord = /^[A-Za-z][\w.$-]{0,63}$/;

const known = new Set<string>();

/** Describes a failure by its code or its name, never by its message. */
export function failureOf(error: unknown): Failure {
  const { name, code } = partsOf(error);
  const statusCode = label(code);
  // If the caller aborts a call, this is no failure, because the caller wanted the call to end. A passed
  // deadline and AbortSignal.timeout() are failures, and their errors have other names.
  if (name === 'AbortError') return { type: undefined, statusCode };
  return { type: statusCode ?? label(name) ?? other, statusCode };
}

/** Writes a failure into a span that is about to end. */
export function markFailed(span: Span, error: unknown, { type, statusCode }: Failure): void {
  if (statusCode !== undefined) span.setAttribute(attributes.statusCode, statusCode);
  if (type === undefined) {
    span.setAttribute(attributes.cancelled, true);
    return;
  }
  span.setAttribute(attributes.errorType, type);
  if (!span.isRecording()) return;
  const exception = exceptionOf(error);
  span.recordException(exception);
  span.setStatus({ code: SpanStatusCode.ERROR, message: exception.message ?? type });
}

/** Returns a metric's attribute `error.type` for a failure; none if the caller aborted the call. */
export function failureAttributes(failure: Failure | undefined): Attributes {
  return failure?.type === undefined ? {} : { [attributes.errorType]: failure.type };
}

function label(text: unknown): string | undefined {
  if (typeof text !== 'string' || !plainWord.test(text)) return undefined;
  if (known.has(text)) return text;
  if (known.size >= maxTypes) return other;
  known.add(text);
  return text;
}

function partsOf(error: unknown): { name: unknown; code: unknown; message: unknown; stack: unknown } {
  if (typeof error !== 'object' || error === null) {
    return { name: undefined, code: undefined, message: String(error), stack: undefined };
  }
  const { name, code, message, stack } = error as Record<string, unknown>;
  return { name, code, message, stack };
}

function exceptionOf(error: unknown): Exception & { message?: string } {
  const { name, message, stack } = partsOf(error);
  return {
    name: typeof name === 'string' ? name.slice(0, maxText) : other,
    ...(typeof message === 'string' ? { message: message.slice(0, maxText) } : {}),
    ...(typeof stack === 'string' ? { stack: stack.slice(0, maxText) } : {}),
  };
}
