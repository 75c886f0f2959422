/** The object with which one side calls the methods that the other serves. */
import { checkCallOptions, type CallOptions } from '../api/call-options.ts';
import type { Connection } from './conversation.ts';
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

interface ServiceTarget extends RemoteTarget {
  readonly connection: Connection;
  readonly options: CallOptions | undefined;
}

/**
 * An object whose methods are calls on the connection. `then`, symbols and the names of Object.prototype are never remote. Disposing
 * of it finishes the connection.
 */
export function createRemote<T>(connection: Connection): Remote<T> {
  return make(connection, undefined) as Remote<T>;
}

function make(connection: Connection, options: CallOptions | undefined): object {
  const target: ServiceTarget = {
    owner: connection,
    connection,
    options,
    call: (name, args) => connection.call(name ?? '', args, options),
    release: () => connection.finish(),
  };
  return makeRemoteObject(target, connection.link.peer);
}

/**
 * The same remote, with options for every call made through what this returns: a deadline, metadata, a signal. Throws
 * `CONFIG_INVALID` for an object that isn't a dispensed remote.
 */
export function withCallOptions<R extends object>(remote: R, options: CallOptions): R {
  const target = remoteTargetOf(remote) as Partial<ServiceTarget> | undefined;
  if (target?.connection === undefined) {
    throw new PipeworkError(
      'CONFIG_INVALID',
      'withCallOptions() takes what dispense() returned; got another object.',
    );
  }
  checkCallOptions(options);
  return make(target.connection, { ...target.options, ...options }) as R;
}
