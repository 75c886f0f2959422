/**
 * The stack of a received error. The place where the error object was made says nothing useful. So the stack
 * shows the failed call, and the code that awaited it.
 */
import { inspectCustom, inspectPrintably, printable, type InspectArguments } from '../../base/printable.ts';

// Errors of calls whose stacks do not show the awaiting code yet.
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
  // This is the engine's format. If the name or the message is empty, there is no colon.
  const head = Error.prototype.toString.call(error);
  // A method's name may come from what a plugin says of itself, so it is made printable.
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
 * Separates the stacks of a received error. The local stack shows which call failed, and the remote stack is
 * kept in `remoteStack`.
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
  // An assignment would throw if a hardened host has frozen Error.
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
