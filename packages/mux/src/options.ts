/** The options of a session, with the default, the unit and the purpose of each. */

import { INITIAL_WINDOW, MAX_UINT32 } from './frame.ts';
import { invalidOption } from './errors.ts';
import { realTimers, type Timers } from './timers.ts';

/**
 * Which end of a transport this is. One end is the client, and the other is the server. Streams of the client
 * have odd ids, and streams of the server have even ids.
 */
export type Role = 'client' | 'server';

/** Options of a {@link Session}. Only `role` is required. */
export interface SessionOptions {
  /** Which end of the transport this is. The two ends take different stream ids. */
  role: Role;
  /** The name of this end in debug output. Default: the role. */
  name?: string;
  /**
   * How many streams of the peer may wait to be accepted; further ones are reset. The same number limits our
   * own streams that the peer has not answered; further ones wait. Default 256.
   */
  acceptBacklog?: number;
  /** How many streams the peer may have open at the same time; further ones are reset. Default 4096. */
  maxInboundStreams?: number;
  /**
   * Sends pings while the peer sends nothing, and ends the session if a ping is not answered. Default false.
   */
  enableKeepAlive?: boolean;
  /**
   * Milliseconds between keep-alive pings. No ping is sent if any bytes arrived since the last ping. Default
   * 30,000.
   */
  keepAliveInterval?: number;
  /**
   * If the transport accepts no bytes for this many milliseconds, the session ends with `MUX_WRITE_TIMEOUT`.
   * A ping waits for its answer for the same time. Default 10,000. With 0, a full transport never ends the
   * session, and pings wait for the default time.
   */
  connectionWriteTimeout?: number;
  /**
   * Bytes that the peer may send on one stream before the application takes some. This is the memory that an
   * unread stream costs. The minimum is 262,144, because every stream starts with that many; the rest is
   * granted when the stream opens. Default 1 MiB.
   */
  maxStreamWindowSize?: number;
  /**
   * Bytes that all streams together may be granted beyond the initial 262,144 bytes of each stream. A stream
   * that opens when the budget is used up keeps the initial window. Default 64 MiB.
   */
  windowBudget?: number;
  /**
   * If the peer does not answer a stream of ours within this many milliseconds, the stream is reset. Default
   * 75,000; 0 is no limit.
   */
  streamOpenTimeout?: number;
  /**
   * If the peer sends neither data nor FIN for this many milliseconds after our FIN, the stream is reset.
   * Default 300,000; 0 is no limit.
   */
  streamCloseTimeout?: number;
  /**
   * The timers and the clock for the session's waits. Default: Node's own timers and clock. So if a test fakes
   * time, its fake time ends no session. If a session is to follow a test's fake time, give `globalThis`.
   */
  timers?: Timers;
}

/** The options with every default filled in. */
export type SessionSettings = Required<SessionOptions>;

/** How long a ping waits if the write timeout is off, in milliseconds. */
export const DEFAULT_PING_TIMEOUT = 10_000;

/** The longest delay that Node's timers accept. A timer with a longer delay would fire after 1 ms. */
const MAX_TIMER = 0x7fff_ffff;

const defaults = {
  acceptBacklog: 256,
  maxInboundStreams: 4096,
  enableKeepAlive: false,
  keepAliveInterval: 30_000,
  connectionWriteTimeout: 10_000,
  maxStreamWindowSize: 1024 * 1024,
  windowBudget: 64 * 1024 * 1024,
  streamOpenTimeout: 75_000,
  streamCloseTimeout: 300_000,
  timers: realTimers,
};

/** The minimum and maximum of each number, and its unit for the message. */
const ranges: Record<
  Exclude<keyof typeof defaults, 'enableKeepAlive' | 'timers'>,
  [number, number, string]
> = {
  acceptBacklog: [1, 65_536, 'streams'],
  maxInboundStreams: [1, 1_048_576, 'streams'],
  keepAliveInterval: [1, MAX_TIMER, 'milliseconds'],
  connectionWriteTimeout: [0, MAX_TIMER, 'milliseconds (0 is off)'],
  maxStreamWindowSize: [INITIAL_WINDOW, MAX_UINT32, 'bytes'],
  windowBudget: [0, Number.MAX_SAFE_INTEGER, 'bytes'],
  streamOpenTimeout: [0, MAX_TIMER, 'milliseconds (0 is off)'],
  streamCloseTimeout: [0, MAX_TIMER, 'milliseconds (0 is off)'],
};

/**
 * Checks every option and fills in the defaults. Throws `MUX_OPTION_INVALID` with the name of the first
 * invalid option.
 */
export function checkOptions(options: SessionOptions): SessionSettings {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'an object', options);
  if (options.role !== 'client' && options.role !== 'server') {
    throw invalidOption('role', "'client' at one end and 'server' at the other", options.role);
  }
  const known = new Set([...Object.keys(defaults), 'role', 'name']);
  for (const name of Object.keys(options)) {
    if (!known.has(name))
      throw invalidOption('options', `an object of known options (${[...known].join(', ')})`, name);
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings = { ...defaults, name: options.role, ...given } as SessionSettings;
  for (const [name, [least, greatest, unit]] of Object.entries(ranges)) {
    const value: unknown = settings[name as keyof typeof ranges];
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > greatest) {
      throw invalidOption(name, `an integer of ${unit} from ${least} to ${greatest}`, value);
    }
  }
  if (typeof settings.enableKeepAlive !== 'boolean') {
    throw invalidOption('enableKeepAlive', 'true or false', settings.enableKeepAlive);
  }
  if (typeof settings.name !== 'string') throw invalidOption('name', 'a string', settings.name);
  const { timers } = settings;
  const functions = [
    timers?.setTimeout,
    timers?.clearTimeout,
    timers?.setImmediate,
    timers?.performance?.now,
  ];
  if (!functions.every((member) => typeof member === 'function')) {
    const expected =
      'globalThis, or an object with its setTimeout, clearTimeout, setImmediate and performance';
    throw invalidOption('timers', expected, timers);
  }
  return settings;
}
