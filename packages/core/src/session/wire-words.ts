/** The built-in service on a session's first stream: its methods as they stand on the wire, for both sides. */

/** Names of the control stream's methods. */
export const controlMethods = {
  /** `[true]` or `[]` → anything. Answered by the runtime itself. */
  ping: 'Control.Ping',
  /** `[true]` or `[]` → anything, once the plugin has finished what it was doing. */
  quit: 'Control.Quit',
  /** `[name]` → u32 broker id of a new implementation. */
  dispense: 'Dispenser.Dispense',
} as const;

/** How long an id that Dispense handed out waits to be dialled, in milliseconds. */
export const dispenseExpiryMs = 30_000;

/** What a plugin that is leaving answers to new calls. */
export const shuttingDown = 'plugin is shutting down';

/** Session options that both ends share: on a local pipe the end of file and the process's exit tell the truth, and no clock may end a session. */
export const sessionOptions = {
  enableKeepAlive: false,
  connectionWriteTimeout: 0,
  streamOpenTimeout: 0,
  streamCloseTimeout: 0,
  // A message of a mebibyte must not wait for credit half-way.
  maxStreamWindowSize: 1_048_576,
} as const;
