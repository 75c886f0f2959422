/** Remotes: objects whose methods call methods of the other side, or run a function of the user. */
import { takeCallOptions, takeKnownCallOptions, type CallOptions } from '../api/call-options.ts';
import type { Conversation } from './conversation.ts';
import { failed } from '../remote/call-result.ts';
import { makeRemoteObject, remoteTargetOf, type RemoteTarget } from '../remote/stand-in.ts';
import type { Remote } from '../remote/remote-types.ts';
import { expect } from '../../base/expect.ts';
import { PipeworkError, unsent } from '../../base/errors.ts';

export type {
  LocalOrRemote,
  Reference,
  Remote,
  RemoteArgument,
  RemoteIterable,
  RemoteMethod,
  RemoteReadable,
  RemoteResult,
  RemoteStream,
  RemoteValue,
} from '../remote/remote-types.ts';

/** The function that runs when a method of a remote is called. {@link withCallOptions} sets `options`. */
export type RemoteCall = (
  method: string,
  args: unknown[],
  options: CallOptions | undefined,
) => Promise<unknown>;

/** The part that all remotes of one implementation share, whatever options they have. */
interface RemoteSource {
  readonly call: RemoteCall;
  /** The name under which a remote is printed. */
  readonly label: string;
  /** Disposes of the remote. */
  release(): void;
  /** Returns a copy of the options. Throws `CONFIG_INVALID` for options that `call` does not accept. */
  takeOptions(options: CallOptions): CallOptions;
}

/**
 * Objects that wrap a remote and are not remotes themselves. For each such object, the map has a function
 * that takes call options and returns an equal wrapper whose remote has these options.
 */
const wrappers = new WeakMap<object, (options: CallOptions) => object>();

/**
 * Lets {@link withCallOptions} accept `wrapper`. `remake` returns an equal wrapper whose remote has the
 * options.
 */
export function takesCallOptions(wrapper: object, remake: (options: CallOptions) => object): void {
  wrappers.set(wrapper, remake);
}

interface SourcedTarget extends RemoteTarget {
  readonly source: RemoteSource;
  readonly options: CallOptions | undefined;
}

/**
 * Returns an object whose methods are calls on the conversation. Disposing of the object finishes the
 * conversation. A printed remote shows the `name` under which it was dispensed. If `isDraining` returns true,
 * calls are refused.
 */
export function dispensedRemote<T>(
  conversation: Conversation,
  name: string,
  isDraining: () => boolean = () => false,
): Remote<T> {
  return remoteOver<T>({
    call: (method, args, options) =>
      isDraining() ? failed(draining(method)) : conversation.call(method, args, options),
    label: `${name} of ${conversation.shared.peer}`,
    release: () => conversation.finish(),
    takeOptions: takeCallOptions,
  });
}

/** Makes the error with which a draining client refuses `what`. */
export function draining(what: string): PipeworkError {
  return unsent('RPC_CLOSED', `${what} was not sent: the client drains, and takes no new calls`);
}

/** Makes a remote. A remote has no method whose name is `then`, a symbol or a name of Object.prototype. */
function remoteOver<T>(source: RemoteSource): Remote<T> {
  return make(source, undefined) as Remote<T>;
}

function make(source: RemoteSource, options: CallOptions | undefined): object {
  const target: SourcedTarget = {
    owner: source,
    source,
    options,
    call: (name, args) => source.call(name ?? '', args, options),
    release: () => source.release(),
  };
  return makeRemoteObject(target, source.label);
}

/**
 * Returns a remote whose methods run your function `call`. When one of these methods is called, `call` gets
 * the method's name, the arguments and the options from {@link withCallOptions}. The remote is used like a
 * dispensed one. `withCallOptions()` and `await using` accept it, and a result that is a stream can be
 * iterated without awaiting the call. If `call` throws, the method's promise rejects with the thrown error.
 * Options that pipework does not know are passed on to `call`. The remote's `[Symbol.dispose]()` calls
 * `dispose` once. After that, calls fail with `RPC_CLOSED`, and `call` is not run.
 *
 * @example
 * ```ts
 * import { createRemote } from '@pipework/core';
 *
 * interface Greeter {
 *   greet(name: string): Promise<string>;
 * }
 *
 * const greeter = createRemote<Greeter>((method, args) => Promise.resolve(`${method} of ${args.join()}`));
 * console.log(await greeter.greet('world')); // greet of world
 * ```
 */
export function createRemote<T>(
  call: RemoteCall,
  options: { readonly dispose?: () => void } = {},
): Remote<T> {
  expect(typeof call === 'function', 'the argument of createRemote()', 'a function', call);
  let isReleased = false;
  return remoteOver<T>({
    label: 'remote object',
    call: (method, args, options) => {
      if (isReleased) {
        return failed(unsent('RPC_CLOSED', `${method} was called on a remote that was disposed of`));
      }
      try {
        return Promise.resolve(call(method, args, options));
      } catch (error) {
        return failed(error);
      }
    },
    release: () => {
      if (isReleased) return;
      isReleased = true;
      options.dispose?.();
    },
    takeOptions: takeKnownCallOptions,
  });
}

/**
 * Returns a remote for the same object, with options for every call that is made through it: a deadline,
 * metadata, a signal. A remote from `createRemote()` accepts other options too. An object from `checked()` is
 * accepted if it wraps a remote. Throws `CONFIG_INVALID` for an option that the remote does not accept, and
 * for any other object.
 *
 * @example
 * ```ts
 * import { withCallOptions, type Remote } from '@pipework/core';
 *
 * async function greetSoon(greeter: Remote<{ greet(name: string): Promise<string> }>) {
 *   // Rejects with `RPC_DEADLINE` after half a second.
 *   return await withCallOptions(greeter, { deadlineMs: 500 }).greet('world');
 * }
 * ```
 */
export function withCallOptions<R extends object>(
  remote: R,
  options: CallOptions | (CallOptions & Readonly<Record<string, unknown>>),
): R {
  const remake = wrappers.get(remote);
  if (remake !== undefined) return remake(options) as R;
  const target = remoteTargetOf(remote) as Partial<SourcedTarget> | undefined;
  if (target?.source === undefined) {
    throw new PipeworkError(
      'CONFIG_INVALID',
      'withCallOptions() takes a remote from dispense() or createRemote(); got another object',
    );
  }
  return make(target.source, { ...target.options, ...target.source.takeOptions(options) }) as R;
}
