/** The plugin of `fixtures/greets.mjs`: its factories for a pair in memory, and its command line. */
import { fileURLToPath } from 'node:url';
import type { Plugins } from '@pipework/testkit';

export interface Greeter {
  greet(name: string): Promise<string>;
  fail(): Promise<void>;
  never(): Promise<void>;
}
export interface Served {
  greeter: Greeter;
}

export const plugins: Plugins<Served> = {
  greeter: ({ stdout, stderr }) => ({
    greet: async (name) => {
      stdout.write(`greeting ${name}\n`);
      return `Hello, ${name}!`;
    },
    fail: async () => {
      stderr.write('about to fail\n');
      throw new Error('as asked');
    },
    never: () => new Promise(() => {}),
  }),
};

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
export const greets: [file: string, ...args: string[]] = [process.execPath, fixture('greets.mjs')];
