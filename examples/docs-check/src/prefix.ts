/** Puts a plugin's name before each line that it prints. */
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A longer line is printed in parts, because a plugin that never breaks a line must not fill the memory. */
const longestLine = 64 * 1024;

/** Receives a whole line, without its line break, and calls back when there is room for more. */
export type PrintLine = (line: string, done: () => void) => void;

/**
 * A sink for the bytes of one output of one plugin. However the bytes are cut, a line is printed whole, and
 * no character is split. Text without a line break is printed by {@link LinePrefix.flush}, because pipework
 * never ends a sink.
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
      // This does not cut between the two halves of a surrogate pair.
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
