/**
 * Shows the progress of each plugin: on a terminal as a moving bar, and elsewhere as a line at every quarter.
 */
import type { Screen } from './screen.ts';
import { pad, shorten } from './text.ts';

const barWidth = 24;
/**
 * The interval is short enough that the bars look alive, and long enough that drawing costs nearly nothing.
 */
const redrawMs = 80;

interface Bar {
  name: string;
  total: number;
  done: number;
  /** What the plugin is doing, or how it ended. */
  note: string;
}

export class Progress {
  readonly #screen: Screen | undefined;
  readonly #bars: Bar[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** If `screen` is undefined, no progress is shown. */
  constructor(screen: Screen | undefined) {
    this.#screen = screen;
  }

  /** Adds a plugin that has to check `total` pages. */
  add(name: string, total: number): PluginProgress {
    const bar: Bar = { name, total, done: 0, note: 'starting' };
    this.#bars.push(bar);
    this.#redraw();
    return {
      busyWith: (note) => {
        bar.note = note;
        this.#redraw();
      },
      advance: () => {
        const before = quarters(bar);
        bar.done += 1;
        if (this.#screen?.isLive) this.#redraw();
        else if (quarters(bar) > before) this.#say(bar);
      },
    };
  }

  /** Removes the bars. */
  end(): void {
    clearTimeout(this.#timer);
    this.#screen?.show(() => []);
  }

  #say({ name, done, total }: Bar): void {
    this.#screen?.print('stderr', `${name}: ${done} of ${total} pages`);
  }

  #redraw(): void {
    const screen = this.#screen;
    if (!screen?.isLive || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      screen.show(() => this.#bars.map((bar) => this.#row(bar, screen.width - 1)));
    }, redrawMs);
    this.#timer.unref();
  }

  #row({ name, total, done, note }: Bar, width: number): string {
    const full = total === 0 ? barWidth : Math.floor((barWidth * done) / total);
    const bar = '█'.repeat(full) + '░'.repeat(barWidth - full);
    const nameWidth = Math.max(...this.#bars.map((other) => other.name.length));
    const figures = pad(`${done}/${total}`, 2 * String(total).length + 1, 'right');
    const head = `${pad(name, nameWidth)}  ${bar}  ${figures}  `;
    return shorten(head, width) + shorten(note, width - head.length);
  }
}

export interface PluginProgress {
  busyWith(note: string): void;
  /** Counts one more page as finished, whether it was checked or given up. */
  advance(): void;
}

function quarters({ done, total }: Bar): number {
  return Math.floor((4 * done) / total);
}
