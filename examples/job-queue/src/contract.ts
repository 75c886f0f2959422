export interface Counter {
  words(text: string): Promise<number>;
}

export interface Plugins {
  counter: Counter;
}
