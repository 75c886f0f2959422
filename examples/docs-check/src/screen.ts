/** The terminal: lines that stay, and below them a few that are drawn anew while the work goes on. */
import type { Writable } from 'node:stream';

export interface Terminal extends Writable {
  isTTY?: boolean;
  columns?: number;
  hasColors?: () => boolean;
}

export class Screen {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** True where the lower lines can be drawn at all: on a terminal that a person looks at. */
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

  /** Prints lines above those that are drawn. `done` is called when the stream has taken them. */
  print(stream: 'stdout' | 'stderr', text: string, done?: () => void): void {
    this.#wipe();
    this[stream].write(`${text}\n`, () => done?.());
    this.#draw();
  }

  /** What stands below everything from now on, asked for at each drawing; nothing where no rows are given. */
  show(rows: () => string[]): void {
    if (!this.isLive) return;
    this.#wipe();
    this.#rows = rows;
    this.#draw();
  }

  #wipe(): void {
    // Up to the first drawn line, and everything from there to the end of the screen away.
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
