/** Where a plugin's output goes, and what its client has to say. */

import type { Writable } from 'node:stream';
import type { RecordLevel } from './output/log-record.ts';
import { bindLogger, type Log, type Logger } from './output/logger.ts';
import { OutputLog } from './output/output-log.ts';
import type { OutputOptions } from './output/raw-output.ts';
import { openSink, type SinkWriter } from './output/sinks.ts';

/** One client's log and sinks. */
export class ClientOutput {
  /** Undefined without a logger. */
  readonly log: Log | undefined;
  readonly #name: string;

  constructor(name: string, logger: Logger | undefined) {
    this.#name = name;
    this.log = bindLogger(logger, { plugin: name });
  }

  /** Says what the host's author should know: to the logger, or as a warning of the process. */
  warn(message: string): void {
    if (this.log === undefined) process.emitWarning(`${this.#name}: ${message}`, 'PipeworkWarning');
    else this.log('warn', message);
  }

  /** What becomes of one raw output. */
  raw(sink: Writable | undefined, stream: 'stdout' | 'stderr'): OutputOptions {
    const { log } = this;
    const write = (level: RecordLevel, message: string, fields: Readonly<Record<string, unknown>>): void =>
      log?.(level, message, { ...fields, stream });
    return {
      sink,
      log: log && new OutputLog((record) => write(record.level, record.message, record.fields)),
      warn: (message) => this.warn(message),
    };
  }

  /** Opens the sink of a synced output. */
  sink(sink: Writable | undefined): SinkWriter | undefined {
    return sink && openSink(sink, (message) => this.warn(message));
  }
}
