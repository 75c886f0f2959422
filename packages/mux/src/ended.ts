/**
 * The reasons why a session ends, with one function for each. The go-away reasons come from the table of
 * error codes.
 */

import { MuxError, muxErrorCodes, type MuxErrorCode, type MuxErrorOptions } from './errors.ts';
import { describeGoAway } from './frame.ts';

function reason(label: string, code: MuxErrorCode, what: string, options: MuxErrorOptions): MuxError {
  return new MuxError(code, `session ${label}: ${what}`, { goAway: muxErrorCodes[code].goAway, ...options });
}

export function byUs(label: string): MuxError {
  return reason(label, 'MUX_SESSION_CLOSED', 'it was closed on this side', { initiator: 'local' });
}

export function byPeer(label: string, goAway: number): MuxError {
  const what = `the peer ended the session: ${describeGoAway(goAway)}`;
  return reason(label, 'MUX_REMOTE_ERROR', what, { initiator: 'remote', goAway });
}

/** The transport ended. `open` is how many streams were unfinished. */
export function byTransport(label: string, open: number): MuxError {
  const what = open === 1 ? ' while one stream was open' : ` while ${open} streams were open`;
  const message = `the transport ended${open === 0 ? '' : what}`;
  return reason(label, 'MUX_TRANSPORT_ENDED', message, { initiator: 'transport' });
}

/** The transport ended in the middle of a frame. `missing` says which part had not arrived. */
export function withinFrame(label: string, missing: string): MuxError {
  const what = `the transport ended while ${missing} were still to come`;
  return reason(label, 'MUX_TRUNCATED', what, { initiator: 'transport' });
}

export function byFailure(label: string, cause: Error): MuxError {
  const what = `the transport failed: ${cause.message}`;
  return reason(label, 'MUX_TRANSPORT_FAILED', what, { initiator: 'transport', cause });
}

export function byStall(label: string, ms: number): MuxError {
  const what = `the transport took no bytes for ${ms} ms; is the peer stopped or stuck?`;
  return reason(label, 'MUX_WRITE_TIMEOUT', what, { initiator: 'transport' });
}

export function bySilence(label: string, cause: MuxError): MuxError {
  return reason(label, 'MUX_KEEPALIVE_TIMEOUT', 'the peer did not answer a keep-alive ping', {
    initiator: 'remote',
    cause,
  });
}
