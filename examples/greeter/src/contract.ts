export interface Greeter {
  greet(name: string, options?: { signal?: AbortSignal }): Promise<string>;
  count(to: number): AsyncIterable<number>;
  each(words: string[], visit: (word: string, index: number) => void | Promise<void>): Promise<number>;
  hash(bytes: ReadableStream<Uint8Array>): Promise<Uint8Array>;
}

export interface Plugins {
  greeter: Greeter;
}
