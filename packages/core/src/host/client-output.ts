/** Chooses the destinations of a plugin's output, and of its client's warnings. */

import type { Writable } from 'node:stream';
import type { RecordLevel } from './output/levels.ts';
import { bindLogger, type Log, type Logger } from './output/logger.ts';
import { OutputLog } from './output/output-log.ts';
import type { OutputOptions } from './output/raw-output.ts';
import { openSink } from './output/sinks.ts';
import type { SyncedTarget } from './output/synced-reader.ts';

type StreamName = 'stdout' | 'stderr';

/** One client's log and sinks. */
export class ClientOutput {
  /** Undefined without a logger. */
  readonly log: Log | undefined;
  readonly #name: string;

  constructor(name: string, logger: Logger | undefined) {
    this.#name = name;
    this.log = bindLogger(logger, { plugin: name });
  }

  /** Warns the host's author, by the logger if there is one and otherwise by `process.emitWarning()`. */
  warn(message: string): void {
    if (this.log === undefined) process.emitWarning(`${this.#name}: ${message}`, 'PipeworkWarning');
    else this.log('warn', message);
  }

  /**
   * Returns the destinations of one raw output: the sink if there is one, and the log if there is a logger.
   */
  raw(sink: Writable | undefined, stream: StreamName): OutputOptions {
    return { sink, log: this.#openLog(stream, 'debug'), warn: (message) => this.warn(message) };
  }

  /**
   * Returns the destination of one synced output: the sink, the log, or none. In the log, plain lines have
   * the level `info`, because the plugin's own code printed them.
   */
  synced(target: Writable | 'log' | 'ignore', stream: StreamName): SyncedTarget {
    if (target === 'ignore') return {};
    if (target === 'log') return { log: this.#openLog(stream, 'info') };
    return { sink: openSink(target, (message) => this.warn(message)) };
  }

  #openLog(stream: StreamName, fallback: RecordLevel): OutputLog | undefined {
    const { log } = this;
    if (log === undefined) return undefined;
    return new OutputLog(({ level, message, fields }) => log(level, message, { stream }, fields), fallback);
  }
}
