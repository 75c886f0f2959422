/**
 * What the plugin does. The plugin's tests load this file, without a process.
 *
 * @import { PluginSet } from '@pipework/core/plugin'
 * @import { Greeter, Plugins } from '@javascript-app/contract'
 */

/** @implements {Greeter} */
class EnglishGreeter {
  /** @param {string} name */
  async greet(name) {
    if (name === '') throw new Error('there is no name to greet');
    return `Hello, ${name}!`;
  }

  /** @param {number} to */
  async *count(to) {
    for (let n = 1; n <= to; n += 1) yield n;
  }
}

/**
 * Each name, with the function that makes its implementation.
 *
 * @type {PluginSet<Plugins>}
 */
export const plugins = {
  greeter: () => new EnglishGreeter(),
};
