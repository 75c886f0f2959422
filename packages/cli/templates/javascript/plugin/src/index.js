/**
 * The plugin's implementation. The tests also load this file directly, without a plugin process.
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
 * For each name that the plugin serves, the function that makes the implementation.
 *
 * @type {PluginSet<Plugins>}
 */
export const plugins = {
  greeter: () => new EnglishGreeter(),
};
