/** Clean-ups that still run after their stream has ended. A side that leaves can wait for them. */
export class CleanUps {
  readonly #running = new Set<Promise<void>>();

  /**
   * Adds a running clean-up. A failed clean-up is not reported here, because the reader of the stream is
   * gone.
   */
  add(cleanUp: Promise<unknown>): void {
    const forget = (): void => void this.#running.delete(settled);
    const settled = cleanUp.then(forget, forget);
    this.#running.add(settled);
  }

  /** Resolves once the clean-ups that run now have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
