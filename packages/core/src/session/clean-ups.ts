/** What runs on after its stream has ended, so that a side that leaves can wait for it. */
export class CleanUps {
  readonly #running = new Set<Promise<void>>();

  /** Adds one that runs. Its failure is told elsewhere, or to no one: the reader of its stream is gone. */
  add(cleanUp: Promise<unknown>): void {
    const forget = (): void => void this.#running.delete(settled);
    const settled = cleanUp.then(forget, forget);
    this.#running.add(settled);
  }

  /** Resolves once those that run now have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
