/** The errors of this package: a closed table of two codes. */

import { printable } from '@pipework/core';

/**
 * The closed table of codes, with a sentence for each. `docs/errors.md` has a heading for each code. The
 * table is frozen.
 */
export const fleetErrorCodes = {
  FLEET_GIVEN_UP: 'The plugin failed more often than `restart` allows, or in a way that no restart can mend.',
  FLEET_STOPPED: '`stop()` was called, the signal was aborted, or `cleanupClients()` ran.',
} as const;
Object.freeze(fleetErrorCodes);

/** A code of {@link fleetErrorCodes}. */
export type FleetErrorCode = keyof typeof fleetErrorCodes;

/** The brand by which `isPipeworkError()` recognises errors of every pipework package. */
const brand: unique symbol = Symbol.for('pipework.error');

/**
 * Raised by a call, `start()` or `reload()` that cannot succeed, because the supervisor or pool has ended.
 * `cause` is the reason why the supervisor or pool has ended.
 */
export class FleetError extends Error {
  /** The error's key in the closed table {@link fleetErrorCodes}. */
  readonly code: FleetErrorCode;
  /**
   * Always false. No byte of the call was sent, so the call may be made elsewhere. As in core's errors, the
   * property `sent` is not enumerable, and is left out if the error itself is sent to a peer.
   */
  declare readonly sent: false;

  constructor(code: FleetErrorCode, message: string, options?: { cause?: unknown }) {
    super(printable(message), options);
    this.name = 'FleetError';
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
    Object.defineProperty(this, 'sent', { value: false });
  }
}

/**
 * Makes the error of a supervisor or a pool that has given up. `what` names the supervisor or pool: `the pool
 * of 'plugin.js'`.
 */
export function givenUp(what: string, reason: string, cause: unknown): FleetError {
  const last = cause instanceof Error ? `; the last failure: ${cause.message}` : '';
  return new FleetError(
    'FLEET_GIVEN_UP',
    `${what} has given up: ${reason}${last}. start() or reload() tries again`,
    { cause },
  );
}

export function stopped(what: string, cause?: unknown): FleetError {
  return new FleetError('FLEET_STOPPED', `${what} was stopped`, {
    ...(cause === undefined ? {} : { cause }),
  });
}
