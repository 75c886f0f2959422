/** The plugin's implementation. The tests also load this file directly, without a plugin process. */
import type { PluginSet } from '@pipework/core/plugin';
import type { Greeter, Plugins } from '@typescript-app/contract';

class EnglishGreeter implements Greeter {
  async greet(name: string): Promise<string> {
    if (name === '') throw new Error('there is no name to greet');
    return `Hello, ${name}!`;
  }

  async *count(to: number): AsyncIterable<number> {
    for (let n = 1; n <= to; n += 1) yield n;
  }
}

/** For each name that the plugin serves, the function that makes the implementation. */
export const plugins: PluginSet<Plugins> = {
  greeter: () => new EnglishGreeter(),
};
