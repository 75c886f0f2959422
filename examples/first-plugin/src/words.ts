import type { Words } from './contract.ts';

const split = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

export const words: Words = {
  async count(text) {
    console.log(`counting ${text.length} characters`);
    return split(text).length;
  },
  async *each(text) {
    yield* split(text);
  },
};
