/** Puts a plugin's name before each line that it prints. */
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A longer line is printed in parts. Otherwise a plugin that never ends a line would fill the memory. */
const longestLine = 64 * 1024;

/**
 * Prints one or more lines. `line` does not end with a line break. Calls `done` when there is room for more.
 */
export type PrintLine = (line: string, done: () => void) => void;

/**
 * A sink for the standard output or standard error of one plugin. Prints whole lines, up to `longestLine`,
 * and splits no character, wherever the chunks are cut. pipework never ends a sink, so the host has to call
 * {@link LinePrefix.flush}, which prints an unfinished last line.
 */
export class LinePrefix extends Writable {
  readonly #prefix: string;
  readonly #print: PrintLine;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(name: string, print: PrintLine) {
    super({ decodeStrings: true });
    this.#prefix = `${name} │ `;
    this.#print = print;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    while (this.#rest.length > longestLine) {
      // Never cuts between the two halves of a surrogate pair.
      const end = /[\ud800-\udbff]/.test(this.#rest[longestLine - 1] ?? '') ? longestLine - 1 : longestLine;
      lines.push(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end);
    }
    this.#printAll(lines, callback);
  }

  /** Prints the rest of a line that was never finished. */
  flush(): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (rest !== '') this.#printAll([rest], () => undefined);
  }

  #printAll(lines: string[], done: () => void): void {
    if (lines.length === 0) return done();
    this.#print(lines.map((line) => this.#prefix + line.replace(/\r$/, '')).join('\n'), done);
  }
}
