/** The stack of an error that came over the wire: where it was made says nothing, which call it failed and who awaited it does. */
import { inspectCustom, printable, printableInspection } from '../../base/printable.ts';

// Errors of calls to which the place of their call is added when the call fails.
const unplaced = new WeakSet<Error>();

/** Gives an error of a call no stack of its own, since it is made far from where the call was. Returns it. */
export function withoutStack<E extends Error>(error: E, where: string): E {
  setStack(error, where);
  unplaced.add(error);
  return error;
}

/** Puts `where` in place of the frames of an error. */
function setStack(error: Error, where: string): void {
  // As the engine writes it: an empty name, or an empty message, brings no colon.
  const head = Error.prototype.toString.call(error);
  // A method's name may come from what a plugin says of itself.
  setField(error, 'stack', `${head}\n    at ${printable(where)}`, false);
}

/** Adds to the error of a call who waited for it, as far as the engine knows. Runs where the call is awaited. */
export function placeStack(error: unknown, calledBy: (...args: never) => unknown): void {
  if (!unplaced.delete(error as Error)) return;
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, calledBy);
  const { stack = '' } = site;
  const frames = stack.includes('\n') ? stack.slice(stack.indexOf('\n')) : '';
  setField(error as Error, 'stack', `${(error as Error).stack ?? ''}${frames}`, false);
}

/** Puts the stacks of an error of the peer's in order: the local one says which call it was, the remote one stands apart. */
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

/** Runs `make` while errors gather no frames: 10 µs less for each error that will get another stack. */
export function withoutFrames<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  // Not an assignment: it throws where a hardened host has frozen Error.
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
