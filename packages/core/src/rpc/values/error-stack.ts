/**
 * The stack of a received error. This package makes the error object, but the frames of this package are not
 * useful. So the stack shows the failed call, and the code that awaited the call.
 */
import { inspectCustom, inspectPrintably, printable, type InspectArguments } from '../../base/printable.ts';

// Errors to which `placeStack()` has not added the awaiting code yet.
const unplaced = new WeakSet<Error>();

/**
 * Replaces the stack of a call's error by one line with `where`, because the error is made far from the call.
 * {@link placeStack} adds the awaiting code later. Returns the error.
 */
export function withoutStack<E extends Error>(error: E, where: string): E {
  setStack(error, where);
  unplaced.add(error);
  return error;
}

/** Replaces the frames of an error by `where`. */
function setStack(error: Error, where: string): void {
  // Like V8, `toString()` writes no colon if the name or the message is empty.
  const head = Error.prototype.toString.call(error);
  // The name of a method may come from the peer's description, so `where` is made printable.
  setField(error, 'stack', `${head}\n    at ${printable(where)}`, false);
}

/**
 * Adds the frames of the code that awaited the call to the error's stack, if V8 knows these frames. Must be
 * called in the async function `calledBy`, which that code awaits.
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
 * Sets both stacks of a received error. `stack` gets the line with `where`, and the stack of the peer's
 * process is kept in `remoteStack`.
 */
export function splitStack(error: Error, remoteStack: string | undefined, where: string): void {
  setStack(error, where);
  if (remoteStack !== undefined) setField(error, 'remoteStack', remoteStack, false);
  Object.defineProperty(error, inspectCustom, { value: inspectError, configurable: true });
}

function inspectError(this: Error & { remoteStack?: string }, ...args: InspectArguments): string {
  const local = inspectPrintably.apply(this, args);
  if (this.remoteStack === undefined) return local;
  const remote = this.remoteStack.split('\n').map((line) => `    ${line}`);
  return `${local}\n  in the other process:\n${remote.join('\n')}`;
}

/**
 * Runs `make` while errors collect no frames. This saves 10 µs for each error that will get another stack.
 */
export function withoutFrames<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  // An assignment would throw if the program has frozen Error.
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
