/**
 * What the host does with a plugin. The plugin may run in any process.
 *
 * @import { Remote } from '@pipework/core'
 * @import { Greeter } from '@javascript-app/contract'
 */

/**
 * Greets all names at once.
 *
 * @param {Remote<Greeter>} greeter
 * @param {readonly string[]} names
 */
export async function greetAll(greeter, names) {
  return await Promise.all(names.map(async (name) => await greeter.greet(name)));
}
