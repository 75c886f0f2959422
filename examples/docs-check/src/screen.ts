/** The terminal: permanent lines, and below them a few lines that are redrawn while the work continues. */
import type { Writable } from 'node:stream';

export interface Terminal extends Writable {
  isTTY?: boolean;
  columns?: number;
  hasColors?: () => boolean;
}

export class Screen {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** True if lines can be redrawn: on a terminal that can move its cursor, but not in a CI service. */
  readonly isLive: boolean;
  #drawn = 0;
  #rows: () => string[] = () => [];

  constructor(stdout: Terminal, stderr: Terminal, env: NodeJS.ProcessEnv) {
    this.stdout = stdout;
    this.stderr = stderr;
    this.isLive = stderr.isTTY === true && !env['CI'] && env['TERM'] !== 'dumb';
  }

  get width(): number {
    return this.stderr.columns ?? 80;
  }

  /** Prints lines above the redrawn ones. `done` is called when the stream has accepted the lines. */
  print(stream: 'stdout' | 'stderr', text: string, done?: () => void): void {
    this.#wipe();
    this[stream].write(`${text}\n`, () => done?.());
    this.#draw();
  }

  /**
   * Sets the rows that are shown below all lines from now on. Each time they are drawn, `rows` is called, and
   * may return an empty list.
   */
  show(rows: () => string[]): void {
    if (!this.isLive) return;
    this.#wipe();
    this.#rows = rows;
    this.#draw();
  }

  #wipe(): void {
    // Moves to the first drawn line, and clears everything from there to the end of the screen.
    if (this.#drawn > 0) this.stderr.write(`\u001b[${this.#drawn}A\u001b[0J`);
    this.#drawn = 0;
  }

  #draw(): void {
    const rows = this.#rows();
    if (rows.length === 0) return;
    this.stderr.write(rows.map((row) => `${row}\n`).join(''));
    this.#drawn = rows.length;
  }
}
