/** What tools can watch of plugin processes: the tracing channel `pipework:process` of node:diagnostics_channel. */

import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';
import { processChannelName } from '../rpc/api/instrumentation.ts';
import type { PluginExit } from './end/exit.ts';

/**
 * What a subscriber of `pipework:process` gets: one object for all events of one process. `start`: it is about to be
 * started; `asyncStart`: it has shaken hands; `error`: the start failed; `asyncEnd`: it is gone, or never was.
 */
export interface ProcessTrace {
  /** The plugin's name. */
  readonly plugin: string;
  /** File and arguments. */
  readonly command: readonly string[];
  /** Known from the handshake on. */
  pid?: number | undefined;
  /** The version that was agreed on. Known from the handshake on. */
  protocolVersion?: number;
  /** Of `asyncEnd`. */
  exit?: PluginExit;
  /** Of `error`: the error that `start()` rejects with. */
  error?: unknown;
}

export const processChannel: TracingChannel<ProcessTrace, ProcessTrace> = tracingChannel(processChannelName);
