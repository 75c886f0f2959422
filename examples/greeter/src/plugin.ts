import { createHash } from 'node:crypto';
import { serve } from '@pipework/core/plugin';
import type { Greeter, Plugins } from './contract.ts';

class EnglishGreeter implements Greeter {
  async greet(name: string): Promise<string> {
    console.log(`(the plugin greets ${name})`); // The host's stream syncStdout gets this.
    return `Hello, ${name}!`;
  }

  async *count(to: number): AsyncIterable<number> {
    for (let n = 1; n <= to; n += 1) yield n;
  }

  async each(words: string[], visit: (word: string, index: number) => void | Promise<void>): Promise<number> {
    for (const [index, word] of words.entries()) await visit(word, index);
    return words.length;
  }

  async hash(bytes: ReadableStream<Uint8Array>): Promise<Uint8Array> {
    const hash = createHash('sha256');
    for await (const chunk of bytes) hash.update(chunk);
    return hash.digest();
  }
}

await serve<Plugins>({ plugins: { greeter: () => new EnglishGreeter() } });
