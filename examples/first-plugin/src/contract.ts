export interface Words {
  count(text: string): Promise<number>;
  each(text: string): AsyncIterable<string>;
}

export interface Plugins {
  words: Words;
}
