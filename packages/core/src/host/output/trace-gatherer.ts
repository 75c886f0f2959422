/**
 * Turns lines into records. The lines of a crash trace become one record, and every other line becomes a
 * separate record.
 */

import { printable } from '../../base/printable.ts';
import { afterPatience, clock } from '../../base/timers.ts';
import { traceBegunBy, type Steps, type TraceKind } from './crash-trace.ts';
import { readRecord, type LogRecord, type RecordLevel } from './log-record.ts';

/** The maximum size of a trace, in lines and characters. Further lines become another record. */
const maxTraceLines = 500;
const maxTraceLength = 128 * 1024;
/** How long a complete line may wait for further lines, in milliseconds. The documentation promises 200. */
const waitMs = 150;

/** A trace to which further lines may belong. */
interface OpenTrace {
  readonly kind: TraceKind;
  readonly steps: Steps;
  /** The trace's lines, except those that were already logged because they had waited long enough. */
  lines: string[];
  /** The lines after `lines` that may belong to the trace. */
  held: string[];
  length: number;
  /** False while the lines may turn out not to be a trace. */
  isProven: boolean;
  /** The arrival time of the first line that is not logged yet. */
  since: number;
}

/** Gathers the lines of one output. */
export class TraceGatherer {
  readonly #emit: (record: LogRecord) => void;
  readonly #fallback: RecordLevel;
  #open: OpenTrace | undefined;
  #stopTimer: (() => void) | undefined;

  /** `fallback` is the level of plain text. */
  constructor(emit: (record: LogRecord) => void, fallback: RecordLevel) {
    this.#emit = emit;
    this.#fallback = fallback;
  }

  /** Handles one line, without its line break. */
  take(line: string): void {
    if (line === '' && this.#open === undefined) return;
    const record = readRecord(line, this.#fallback);
    if (record.isTagged) {
      this.#closeAll();
      this.#emit(record);
    } else if (!this.#goesOn(line) && line !== '' && !this.#begins(line)) {
      this.#emit(record);
    }
  }

  /** Called when the output has ended. Logs every waiting line. */
  end(): void {
    if (this.#open?.kind.takesTheEnd === true) this.#keep(this.#open);
    this.#closeAll();
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #begins(line: string): boolean {
    const kind = traceBegunBy(line);
    if (kind === undefined) return false;
    const steps = kind.read(line);
    const isProven = steps.next().value === 'part';
    this.#open = { kind, steps, lines: [line], held: [], length: line.length, isProven, since: clock() };
    if (this.#stopTimer === undefined) this.#wait(waitMs);
    return true;
  }

  /**
   * Adds `line` to the open trace and returns true. If `line` does not belong to that trace, the trace ends.
   */
  #goesOn(line: string): boolean {
    const trace = this.#open;
    if (trace === undefined) return false;
    const verdict = trace.steps.next(line).value;
    const isOver = verdict === 'none' || (verdict === 'perhaps' && traceBegunBy(line) !== undefined);
    if (isOver) {
      this.#close(trace);
      // Another trace may have begun among the closed trace's lines, and `line` may belong to it.
      return this.#goesOn(line);
    }
    if (trace.lines.length + trace.held.length === 0) trace.since = clock();
    trace.length += line.length;
    trace.held.push(line);
    if (verdict !== 'perhaps') this.#keep(trace);
    trace.isProven ||= verdict === 'part' || verdict === 'last';
    if (verdict === 'last') this.#close(trace);
    else if (trace.lines.length + trace.held.length >= maxTraceLines || trace.length > maxTraceLength)
      this.#tell(trace);
    return true;
  }

  /** Makes the held lines part of the trace. */
  #keep(trace: OpenTrace): void {
    trace.lines.push(...trace.held);
    trace.held = [];
  }

  /**
   * Logs the waiting lines. The trace ends if some of these lines may not belong to it. Otherwise it may
   * continue with the next line.
   */
  #tell(trace: OpenTrace): void {
    if (!trace.isProven || trace.held.length > 0) return this.#close(trace);
    this.#emitTrace(trace);
  }

  #emitTrace(trace: OpenTrace): void {
    const message = printable(trace.lines.join('\n')).trimEnd();
    if (message !== '') this.#emit({ level: 'error', message, fields: {}, isTagged: false });
    trace.lines = [];
    trace.length = 0;
  }

  /** Closes the open trace, and each further trace that begins among its lines. */
  #closeAll(): void {
    while (this.#open !== undefined) this.#close(this.#open);
  }

  #close(trace: OpenTrace): void {
    this.#open = undefined;
    const [first = '', ...others] = trace.lines;
    if (trace.isProven) {
      this.#emitTrace(trace);
    } else {
      // The lines only looked like a trace. The first line is text, and the others are examined again.
      this.#emit(readRecord(first, this.#fallback));
      for (const line of others) this.take(line);
    }
    // No held line begins a trace, because such a line would have ended the open trace.
    for (const line of trace.held) if (line !== '') this.#emit(readRecord(line, this.#fallback));
  }

  #wait(ms: number): void {
    this.#stopTimer = afterPatience(ms, () => this.#onTime(), false);
  }

  /**
   * One timer serves all traces, one after another. Otherwise a flood of lines that each begin a trace would
   * set a timer for each line.
   */
  #onTime(): void {
    this.#stopTimer = undefined;
    const trace = this.#open;
    if (trace === undefined) return;
    const left = trace.since + waitMs - clock();
    if (left > 1) return this.#wait(left);
    // If no line has arrived since the timer last fired, the trace is over.
    if (trace.lines.length + trace.held.length === 0) this.#open = undefined;
    else this.#tell(trace);
    if (this.#open !== undefined) {
      this.#open.since = clock();
      this.#wait(waitMs);
    }
  }
}
