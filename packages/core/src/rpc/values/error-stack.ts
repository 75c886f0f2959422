/**
 * The stack of a received error. The place where the object was made tells nothing. The failed call, and the
 * code that awaited it, do.
 */
import { inspectCustom, printable, printableInspection } from '../../base/printable.ts';

// Errors of calls whose stack gets the place of the call only when the call fails.
const unplaced = new WeakSet<Error>();

/**
 * Gives the error of a call a stack without frames, because the error is made far from the call. Returns the
 * error.
 */
export function withoutStack<E extends Error>(error: E, where: string): E {
  setStack(error, where);
  unplaced.add(error);
  return error;
}

/** Replaces the frames of an error by `where`. */
function setStack(error: Error, where: string): void {
  // This matches the engine: with an empty name, or an empty message, there is no colon.
  const head = Error.prototype.toString.call(error);
  // A method's name may come from what a plugin says of itself.
  setField(error, 'stack', `${head}\n    at ${printable(where)}`, false);
}

/**
 * Adds the code that awaited the call to the error's stack, as far as the engine knows it. Must run where the
 * call is awaited.
 */
export function placeStack(error: unknown, calledBy: (...args: never) => unknown): void {
  if (!unplaced.delete(error as Error)) return;
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, calledBy);
  const { stack = '' } = site;
  const frames = stack.includes('\n') ? stack.slice(stack.indexOf('\n')) : '';
  setField(error as Error, 'stack', `${(error as Error).stack ?? ''}${frames}`, false);
}

/**
 * Separates the stacks of a received error. The local one shows which call it was, and the remote one is kept
 * apart.
 */
export function splitStack(error: Error, remoteStack: string | undefined, where: string): void {
  setStack(error, where);
  if (remoteStack !== undefined) setField(error, 'remoteStack', remoteStack, false);
  Object.defineProperty(error, inspectCustom, { value: inspectError, configurable: true });
}

function inspectError(
  this: Error & { remoteStack?: string },
  _depth: number,
  options: object,
  inspect: (value: unknown, options: object) => string,
): string {
  const local = printableInspection(inspect(this, { ...options, customInspect: false }));
  if (this.remoteStack === undefined) return local;
  const remote = this.remoteStack.split('\n').map((line) => `    ${line}`);
  return `${local}\n  in the other process:\n${remote.join('\n')}`;
}

/**
 * Runs `make` while errors collect no frames. This saves 10 µs for each error that will get another stack.
 */
export function withoutFrames<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  // This is not an assignment, which would throw if a hardened host has frozen Error.
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return make();
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

export function setField(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}
