/**
 * The errors of the mux. There is one class, and one table. The table has a sentence for each code, and for
 * some codes a go-away reason.
 */

import { brand } from './brand.ts';
import { GoAwayCode } from './frame.ts';

/** A code's row in the table. */
export interface MuxErrorEntry {
  /** A sentence that says what happened, for the table in docs/yamux.md. */
  readonly means: string;
  /** The go-away reason that we send to the peer if we end the session with this code. */
  readonly goAway?: number;
}

/** A code of {@link muxErrorCodes}. */
export type MuxErrorCode =
  | 'MUX_OPTION_INVALID'
  | 'MUX_MISUSE'
  | 'MUX_WRITE_AFTER_END'
  | 'MUX_BAD_VERSION'
  | 'MUX_BAD_TYPE'
  | 'MUX_BAD_STREAM_ID'
  | 'MUX_DUPLICATE_STREAM'
  | 'MUX_WINDOW_EXCEEDED'
  | 'MUX_FRAME_TOO_LARGE'
  | 'MUX_WINDOW_OVERFLOW'
  | 'MUX_DATA_AFTER_FIN'
  | 'MUX_OPEN_TIMEOUT'
  | 'MUX_CLOSE_TIMEOUT'
  | 'MUX_STREAM_RESET'
  | 'MUX_STREAM_CLOSED'
  | 'MUX_STREAMS_EXHAUSTED'
  | 'MUX_GO_AWAY'
  | 'MUX_REMOTE_ERROR'
  | 'MUX_SESSION_CLOSED'
  | 'MUX_TRANSPORT_ENDED'
  | 'MUX_TRANSPORT_FAILED'
  | 'MUX_TRUNCATED'
  | 'MUX_WRITE_TIMEOUT'
  | 'MUX_KEEPALIVE_TIMEOUT'
  | 'MUX_PING_TIMEOUT';

const { ProtocolError, InternalError } = GoAwayCode;

/**
 * The complete table of codes, frozen. It has the meaning of each code, and the go-away reason that we send
 * if we end a session with that code.
 */
export const muxErrorCodes: Readonly<Record<MuxErrorCode, MuxErrorEntry>> = {
  MUX_OPTION_INVALID: { means: 'An option or argument is not what it must be.' },
  MUX_MISUSE: { means: 'This session or stream cannot carry out the called method.' },
  MUX_WRITE_AFTER_END: { means: 'Bytes were written to a stream after its end().' },

  MUX_BAD_VERSION: { means: 'A frame carries a version other than 0.', goAway: ProtocolError },
  MUX_BAD_TYPE: { means: 'A frame carries a type that does not exist.', goAway: ProtocolError },
  MUX_BAD_STREAM_ID: {
    means: 'A stream was opened under id 0 or under an id of our own parity.',
    goAway: ProtocolError,
  },
  MUX_DUPLICATE_STREAM: { means: 'The peer opened a stream that was open already.', goAway: ProtocolError },
  MUX_WINDOW_EXCEEDED: { means: 'A data frame is longer than its stream’s window.', goAway: ProtocolError },
  MUX_FRAME_TOO_LARGE: {
    means: 'A data frame for a stream that is gone is longer than any window ever granted.',
    goAway: ProtocolError,
  },

  MUX_WINDOW_OVERFLOW: { means: 'A window update takes a window beyond 32 bits. The stream is reset.' },
  MUX_DATA_AFTER_FIN: { means: 'Data or a second FIN came after the peer’s FIN. The stream is reset.' },
  MUX_OPEN_TIMEOUT: { means: 'The peer did not answer a new stream in time. The stream is reset.' },
  MUX_CLOSE_TIMEOUT: { means: 'The peer did not finish its half of a stream in time. The stream is reset.' },

  MUX_STREAM_RESET: { means: 'The peer reset the stream.' },
  MUX_STREAM_CLOSED: { means: 'The stream was reset or destroyed on this side.' },
  MUX_STREAMS_EXHAUSTED: { means: 'Every stream id of this side has been used.' },

  MUX_GO_AWAY: { means: 'The peer accepts no new streams.' },
  MUX_REMOTE_ERROR: { means: 'The peer ended the session with a go-away that names an error.' },
  MUX_SESSION_CLOSED: { means: 'The session was closed on this side.' },
  MUX_TRANSPORT_ENDED: { means: 'The transport ended while streams were open.' },
  MUX_TRANSPORT_FAILED: { means: 'The transport failed.' },
  MUX_TRUNCATED: { means: 'The transport ended in the middle of a frame.' },
  MUX_WRITE_TIMEOUT: { means: 'The transport took no bytes for too long.', goAway: InternalError },
  MUX_KEEPALIVE_TIMEOUT: {
    means: 'The peer did not answer a keep-alive ping in time.',
    goAway: InternalError,
  },
  MUX_PING_TIMEOUT: { means: 'The peer did not answer a ping in time. The session continues.' },
};
for (const entry of Object.values(muxErrorCodes)) Object.freeze(entry);
Object.freeze(muxErrorCodes);

/** Which party caused an error: this side, the peer, or the transport. */
export type MuxInitiator = 'local' | 'remote' | 'transport';

/** The facts of a {@link MuxError} in addition to its code and message. */
export interface MuxErrorOptions {
  /** Which party caused the error. Default: `local`. */
  initiator?: MuxInitiator;
  /** The stream that the error concerns. Default: none, for an error that concerns the whole session. */
  streamId?: number | undefined;
  /** The go-away reason that was sent or received, if any. */
  goAway?: number | undefined;
  /** The error that caused this error. */
  cause?: unknown;
}

/** The symbol that marks the errors of all of pipework's packages. */
const errorBrand: unique symbol = Symbol.for('pipework.error');

/** An error of the mux. Match on `code`, which is stable. The message is for people. */
export class MuxError extends Error {
  /** The error's key in {@link muxErrorCodes}. */
  readonly code: MuxErrorCode;
  /** Which party caused the error. */
  readonly initiator: MuxInitiator;
  /** The stream that the error concerns; undefined if it concerns the whole session. */
  readonly streamId: number | undefined;
  /** The go-away reason that was sent or received; undefined if there was none. */
  readonly goAway: number | undefined;

  constructor(code: MuxErrorCode, message: string, options: MuxErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MuxError';
    this.code = code;
    this.initiator = options.initiator ?? 'local';
    this.streamId = options.streamId;
    this.goAway = options.goAway;
    Object.defineProperty(this, errorBrand, { value: true });
  }
}

brand(MuxError, 'pipework.MuxError');

/**
 * Returns the error for a fault of the peer that ends the session. The error has the table's go-away reason.
 */
export function protocolFault(code: MuxErrorCode, message: string, streamId?: number): MuxError {
  const { goAway } = muxErrorCodes[code];
  return new MuxError(code, message, { initiator: 'remote', streamId, goAway });
}

/**
 * Returns the error for an invalid option or argument. The message names the option, the expected value and
 * the received value.
 */
export function invalidOption(name: string, expected: string, received: unknown): MuxError {
  return new MuxError('MUX_OPTION_INVALID', `${name} must be ${expected}; got ${inspectBriefly(received)}`);
}

function inspectBriefly(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object' && value !== null)
    return `an object of ${value.constructor?.name ?? 'no class'}`;
  return String(value);
}
