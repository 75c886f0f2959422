/** The mux options that both ends of a session use. */

/** How long a broker id from Dispense waits to be dialled, in milliseconds. */
export const dispenseExpiryMs = 30_000;

/**
 * Options of the mux session on both ends. All session timeouts are off: on local pipes, end of file and the process's exit
 * are reliable.
 */
export const sessionOptions = {
  enableKeepAlive: false,
  connectionWriteTimeout: 0,
  streamOpenTimeout: 0,
  streamCloseTimeout: 0,
  // A message of one mebibyte fits the window, so it never waits for credit.
  maxStreamWindowSize: 1_048_576,
} as const;
