// The plugin of the examples: its contract, its implementation, and where its program is.
import { fileURLToPath } from 'node:url';
import type { PluginSet } from '@pipework/core';

export interface Greeter {
  greet(name: string): Promise<string>;
  count(to: number): AsyncIterable<number>;
}
export interface Served {
  greeter: Greeter;
}

export const plugins: PluginSet<Served> = {
  greeter: ({ stdout }) => ({
    greet: async (name) => {
      if (name === '') throw new Error('nobody to greet');
      stdout.write(`greeting ${name}\n`);
      return `Hello, ${name}!`;
    },
    async *count(to) {
      for (let n = 1; n <= to; n++) yield n;
    },
  }),
};

export const program: [file: string, ...args: string[]] = [
  process.execPath,
  fileURLToPath(new URL('./plugin.mjs', import.meta.url)),
];
