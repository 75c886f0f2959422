/** A plugin's output as log records: bytes in, lines out, crash traces kept together, and never too much of it in one turn. */

import { StringDecoder } from 'node:string_decoder';
import { defer } from '../../base/timers.ts';
import type { LogRecord, RecordLevel } from './log-record.ts';
import { TraceGatherer } from './trace-gatherer.ts';
import { catchUp, type Backlog } from './turn-budget.ts';

/** Longest line, in characters: what is beyond is counted, not kept. */
const maxLine = 64 * 1024;
/** What is done before the clock is looked at again: so many lines, or so many characters. */
const pieceLines = 16;
const pieceLength = 4 * 1024;

/** Text that was pushed, and what to call when all of it has been taken. */
interface Chunk {
  readonly text: string;
  readonly onTaken: () => void;
}

/**
 * Splits one byte stream into records and hands each to `emit`, in this turn of the event loop or, if there is too much, in those that
 * follow. Never throws for what the bytes are.
 */
export class OutputLog implements Backlog {
  /** Characters and lines taken so far: what tells whether it gets on. */
  taken = 0;

  readonly #gatherer: TraceGatherer;
  readonly #decoder = new StringDecoder('utf8');
  readonly #ended = defer<void>();
  /** The pieces that wait, from `#next` on. `#at` is the place in the first of them. */
  #chunks: Chunk[] = [];
  #next = 0;
  #at = 0;
  /** The line that is not complete yet, and how many of its characters were cut. */
  #line = '';
  #cut = 0;

  /** `fallback` is the level of plain text. */
  constructor(emit: (record: LogRecord) => void, fallback: RecordLevel = 'debug') {
    this.#gatherer = new TraceGatherer(emit, fallback);
  }

  /** Takes bytes as they come, cut anywhere. They may be reused afterwards. Calls `onTaken` once each complete line in them is logged. */
  push(bytes: Uint8Array, onTaken: () => void = () => {}): void {
    this.#enqueue({ text: this.#decoder.write(bytes), onTaken });
  }

  /** The output is over: what is unfinished is logged. Resolves when all of it is. */
  end(): Promise<void> {
    const onTaken = (): void => {
      if (this.#line !== '') this.#finishLine();
      this.#gatherer.end();
      this.#ended.resolve();
    };
    this.#enqueue({ text: this.#decoder.end(), onTaken });
    return this.#ended.promise;
  }

  #enqueue(chunk: Chunk): void {
    this.#chunks.push(chunk);
    catchUp(this);
  }

  workOn(): boolean {
    const chunk = this.#chunks[this.#next];
    if (chunk === undefined) return false;
    const { text } = chunk;
    const end = Math.min(text.length, this.#at + pieceLength);
    for (let lines = 0; lines < pieceLines && this.#at < end; lines++) this.#takeLine(text);
    if (this.#at < text.length) return true;
    this.#at = 0;
    this.#next += 1;
    // Not a shift for each: moving all that waits would take quadratic time.
    if (this.#next * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#next);
      this.#next = 0;
    }
    chunk.onTaken();
    return this.#next < this.#chunks.length;
  }

  /** Takes the text up to the next line break, or to its end. */
  #takeLine(text: string): void {
    const lineEnd = text.indexOf('\n', this.#at);
    const end = lineEnd === -1 ? text.length : lineEnd;
    const kept = Math.min(end, this.#at + Math.max(0, maxLine - this.#line.length));
    if (kept > this.#at) this.#line += text.slice(this.#at, kept);
    this.#cut += end - kept;
    this.taken += end - this.#at + 1;
    this.#at = end + 1;
    if (lineEnd !== -1) this.#finishLine();
  }

  #finishLine(): void {
    let line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    if (this.#cut > 0) {
      // Never end on half a surrogate pair.
      if (/[\ud800-\udbff]$/.test(line.slice(-1))) line = line.slice(0, -1);
      line += ` … [${this.#cut} characters cut]`;
    }
    this.#line = '';
    this.#cut = 0;
    this.#gatherer.take(line);
  }
}
