/** The object with which one side calls the methods that the other serves. */
import { checkCallOptions, type CallOptions } from '../api/call-options.ts';
import type { Conversation } from './conversation.ts';
import { makeRemoteObject, remoteTargetOf, type RemoteTarget } from '../remote/stand-in.ts';
import type { Remote } from '../remote/remote-types.ts';
import { PipeworkError } from '../../base/errors.ts';

export type {
  Reference,
  Remote,
  RemoteIterable,
  RemoteMethod,
  RemoteReadable,
  RemoteResult,
  RemoteStream,
  RemoteValue,
} from '../remote/remote-types.ts';

interface DispensedTarget extends RemoteTarget {
  readonly conversation: Conversation;
  readonly options: CallOptions | undefined;
}

/**
 * An object whose methods are calls on the conversation. Symbols, and names that JavaScript or common tools call by themselves, are
 * never remote. Disposing of it finishes the conversation.
 */
export function createRemote<T>(conversation: Conversation): Remote<T> {
  return make(conversation, undefined) as Remote<T>;
}

function make(conversation: Conversation, options: CallOptions | undefined): object {
  const target: DispensedTarget = {
    owner: conversation,
    conversation,
    options,
    call: (name, args) => conversation.call(name ?? '', args, options),
    release: () => conversation.finish(),
  };
  return makeRemoteObject(target, conversation.shared.peer);
}

/**
 * The same remote, with options for every call made through what this returns: a deadline, metadata, a signal. Throws
 * `CONFIG_INVALID` for an object that isn't a dispensed remote.
 */
export function withCallOptions<R extends object>(remote: R, options: CallOptions): R {
  const target = remoteTargetOf(remote) as Partial<DispensedTarget> | undefined;
  if (target?.conversation === undefined) {
    throw new PipeworkError(
      'CONFIG_INVALID',
      'withCallOptions() takes what dispense() returned; got another object.',
    );
  }
  checkCallOptions(options);
  return make(target.conversation, { ...target.options, ...options }) as R;
}
