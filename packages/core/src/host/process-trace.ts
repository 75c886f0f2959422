/**
 * The tracing channel `pipework:process` of node:diagnostics_channel, by which tools can watch plugin
 * processes.
 */

import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';
import { processChannelName } from '../rpc/api/instrumentation.ts';
import type { PluginExit } from './end/exit.ts';

/**
 * The message that a subscriber of `pipework:process` receives. All events of one process share one object.
 * `start`: the process is about to be started. `asyncStart`: the handshake is complete. `error`: the start
 * failed. `asyncEnd`: the process is gone, or never existed.
 */
export interface ProcessTrace {
  /** The plugin's name. */
  readonly plugin: string;
  /** The file and its arguments. */
  readonly command: readonly string[];
  /** The process's id. Known from the handshake on. */
  pid?: number | undefined;
  /** The protocol version that both sides agreed on. Known from the handshake on. */
  protocolVersion?: number;
  /** How the process ended. Set for `asyncEnd`. */
  exit?: PluginExit;
  /** The error with which `start()` rejects. Set for `error`. */
  error?: unknown;
}

export const processChannel: TracingChannel<ProcessTrace, ProcessTrace> = tracingChannel(processChannelName);
