/**
 * The part of the host that calls the plugin. The tests pass a fake plugin to it.
 *
 * @import { Remote } from '@pipework/core'
 * @import { Greeter } from '@javascript-app/contract'
 */

/**
 * Greets all names at the same time.
 *
 * @param {Remote<Greeter>} greeter
 * @param {readonly string[]} names
 */
export async function greetAll(greeter, names) {
  return await Promise.all(names.map(async (name) => await greeter.greet(name)));
}
