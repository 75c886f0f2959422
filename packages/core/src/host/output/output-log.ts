/** A plugin's raw output as log records: bytes in, lines out, crash traces kept together. */

import { StringDecoder } from 'node:string_decoder';
import { traceBegunBy, type TraceKind } from './crash-trace.ts';
import { readRecord, type LogRecord, type RecordLevel } from './log-record.ts';
import { realTimers } from '../../base/timers.ts';

/** Longest line, in characters: what is beyond is counted, not kept. */
const maxLine = 64 * 1024;
/** Largest trace, in lines and characters: then a further record begins. */
const maxTraceLines = 500;
const maxTraceLength = 128 * 1024;
/** How long a trace may wait for its next line, in milliseconds, before it is logged as it stands. */
const traceIdleMs = 200;

/** A trace that is not over. */
interface OpenTrace {
  readonly kind: TraceKind;
  readonly lines: string[];
  /** Lines behind those that are perhaps part of it. */
  held: string[];
  length: number;
}

/** Splits one byte stream into records and hands each to `emit`. Never throws for what the bytes are. */
export class OutputLog {
  readonly #emit: (record: LogRecord) => void;
  readonly #fallback: RecordLevel;
  readonly #decoder = new StringDecoder('utf8');
  #line = '';
  #dropped = 0;
  #trace: OpenTrace | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `fallback`: the level of plain text. */
  constructor(emit: (record: LogRecord) => void, fallback: RecordLevel = 'debug') {
    this.#emit = emit;
    this.#fallback = fallback;
  }

  /** Takes bytes as they come, cut anywhere. */
  push(chunk: Uint8Array): void {
    this.#take(this.#decoder.write(chunk));
  }

  /** The output is over: what is unfinished is logged. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#line !== '') this.#finishLine();
    if (this.#trace?.kind.takesTheEnd === true) this.#keep(this.#trace, []);
    this.#finishTraces();
  }

  #take(text: string): void {
    let start = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', start)) {
      this.#append(text, start, at);
      this.#finishLine();
      start = at + 1;
    }
    this.#append(text, start, text.length);
  }

  #append(text: string, start: number, end: number): void {
    const kept = Math.min(end, start + Math.max(0, maxLine - this.#line.length));
    if (kept > start) this.#line += text.slice(start, kept);
    this.#dropped += end - kept;
  }

  #finishLine(): void {
    let line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    if (this.#dropped > 0) {
      // Never end on half a surrogate pair.
      if (/[\ud800-\udbff]$/.test(line)) line = line.slice(0, -1);
      line += ` … [${this.#dropped} characters cut]`;
    }
    this.#line = '';
    this.#dropped = 0;
    this.#takeLine(line);
  }

  #takeLine(line: string): void {
    const record = readRecord(line, this.#fallback);
    if (record.tagged) {
      this.#finishTraces();
      this.#emit(record);
      return;
    }
    if (this.#continueTrace(line)) return;
    const kind = traceBegunBy(line);
    if (kind === undefined) {
      if (line !== '') this.#emit(record);
      return;
    }
    this.#trace = { kind, lines: [line], held: [], length: line.length };
    this.#timer = realTimers.setTimeout(() => this.#finishTrace(), traceIdleMs);
    this.#timer.unref();
  }

  #continueTrace(line: string): boolean {
    const trace = this.#trace;
    if (trace === undefined) return false;
    const verdict = trace.kind.goesOn(line, trace.lines);
    if (verdict === false) {
      this.#finishTrace();
      // A line that was given back may have begun another trace, and this one go on with it.
      return this.#continueTrace(line);
    }
    trace.length += line.length;
    // The timer runs on: what is perhaps no part of the trace must not be held back for ever.
    if (verdict === 'perhaps') trace.held.push(line);
    else {
      this.#keep(trace, [line]);
      this.#timer?.refresh();
    }
    const isLong = trace.lines.length + trace.held.length >= maxTraceLines || trace.length > maxTraceLength;
    if (verdict === 'last' || isLong || trace.kind.proves?.(trace.lines) === false) this.#finishTrace();
    return true;
  }

  /** Makes what was held part of the trace, and `lines` behind it. */
  #keep(trace: OpenTrace, lines: readonly string[]): void {
    trace.lines.push(...trace.held, ...lines);
    trace.held = [];
  }

  /** What a trace gives back may begin another. */
  #finishTraces(): void {
    while (this.#trace !== undefined) this.#finishTrace();
  }

  #finishTrace(): void {
    const trace = this.#trace;
    if (trace === undefined) return;
    this.#trace = undefined;
    realTimers.clearTimeout(this.#timer);
    let givenBack = trace.held;
    if (trace.kind.proves === undefined || trace.kind.proves(trace.lines) === true) {
      const message = trace.lines.join('\n').trimEnd();
      this.#emit({ level: 'error', message, fields: {}, tagged: false });
    } else {
      // It only began like one: its first line is text, and the others are looked at anew.
      const [first = '', ...others] = trace.lines;
      this.#emit(readRecord(first, this.#fallback));
      givenBack = [...others, ...givenBack];
    }
    for (const line of givenBack) this.#takeLine(line);
  }
}
