/**
 * Turns a plugin's output into log records: it splits bytes into lines, keeps crash traces together, and
 * limits the work of one turn.
 */

import { StringDecoder } from 'node:string_decoder';
import { defer } from '../../base/timers.ts';
import type { LogRecord, RecordLevel } from './log-record.ts';
import { TraceGatherer } from './trace-gatherer.ts';
import { catchUp, type Backlog } from './turn-budget.ts';

/** The maximum length of a line, in characters. Characters beyond this length are counted, but not kept. */
const maxLine = 64 * 1024;
/** How many lines and characters are handled before the clock is checked again. */
const pieceLines = 16;
const pieceLength = 4 * 1024;

/** Text that was pushed, and the function to call when all of it has been handled. */
interface Chunk {
  readonly text: string;
  readonly onTaken: () => void;
}

/**
 * Splits one byte stream into records and passes each to `emit`. Begins in the current turn of the event
 * loop, and continues in the next turns if there are too many bytes. Never throws, whatever the bytes are.
 */
export class OutputLog implements Backlog {
  /** The number of characters and lines that were handled so far. A change shows progress. */
  taken = 0;

  readonly #gatherer: TraceGatherer;
  readonly #decoder = new StringDecoder('utf8');
  readonly #ended = defer<void>();
  /** The queued chunks, from index `#next` on. `#at` is the position in the first of them. */
  #chunks: Chunk[] = [];
  #next = 0;
  #at = 0;
  /** The incomplete line, and how many of its characters were cut. */
  #line = '';
  #cut = 0;

  /** `fallback` is the level of plain text. */
  constructor(emit: (record: LogRecord) => void, fallback: RecordLevel = 'debug') {
    this.#gatherer = new TraceGatherer(emit, fallback);
  }

  /**
   * Adds bytes as they arrive. They may begin and end within a line or a character. The caller may reuse the
   * buffer afterwards. Calls `onTaken` once every complete line in these bytes is logged.
   */
  push(bytes: Uint8Array, onTaken: () => void = () => {}): void {
    this.#enqueue({ text: this.#decoder.write(bytes), onTaken });
  }

  /** Ends the output. Logs the incomplete line, and resolves when everything is logged. */
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
    // Handled chunks are removed many at a time. Removing each one by shift() would take quadratic time.
    if (this.#next * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#next);
      this.#next = 0;
    }
    chunk.onTaken();
    return this.#next < this.#chunks.length;
  }

  /** Handles `text` up to its next line break, or up to its end. */
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
      // The line must not end on half a surrogate pair.
      if (/[\ud800-\udbff]$/.test(line.slice(-1))) line = line.slice(0, -1);
      line += ` … [${this.#cut} characters cut]`;
    }
    this.#line = '';
    this.#cut = 0;
    this.#gatherer.take(line);
  }
}
