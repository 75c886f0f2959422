/** Watches paths, and reports changes that follow each other within 100 ms as one change. */
import type { FSWatcher } from 'chokidar';
import type { Clock } from '../clock.ts';

/**
 * How many milliseconds must pass without a further change before the changes are reported. An editor saves a
 * file with several writes, renames and touches, and a build writes many files.
 */
const quietMs = 100;

export class PathWatch {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #onError: (error: unknown) => void;
  readonly #opening: Promise<FSWatcher | undefined>;
  #cancel = (): void => {};
  #isStopped = false;

  constructor(
    paths: readonly string[],
    clock: Clock,
    onChange: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#onError = onError;
    this.#opening = this.#open(paths);
  }

  /** Resolves once the paths are watched. */
  async ready(): Promise<void> {
    await this.#opening;
  }

  async #open(paths: readonly string[]): Promise<FSWatcher | undefined> {
    try {
      // chokidar is loaded only if paths are watched.
      const { watch } = await import('chokidar');
      if (this.#isStopped) return undefined;
      const watcher = watch([...paths], { ignoreInitial: true });
      watcher.on('all', () => this.#changed());
      watcher.on('error', this.#onError);
      await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
      return watcher;
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }

  #changed(): void {
    this.#cancel();
    if (this.#isStopped) return;
    this.#cancel = this.#clock.after(quietMs, this.#onChange, { holdsLoop: false });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    const watcher = await this.#opening;
    await watcher?.close();
  }
}
