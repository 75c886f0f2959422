/** The interface between host and plugin. */

export interface Greeter {
  greet(name: string): Promise<string>;
  /** Counts from 1 to `to`. */
  count(to: number): AsyncIterable<number>;
}

/** Every name that the plugin serves. */
export interface Plugins {
  greeter: Greeter;
}
