/** What the host does with a plugin. The plugin may run in any process. */
import type { Remote } from '@pipework/core';
import type { Greeter } from '@typescript-app/contract';

/** Greets all names at once. */
export async function greetAll(greeter: Remote<Greeter>, names: readonly string[]): Promise<string[]> {
  return await Promise.all(names.map(async (name) => await greeter.greet(name)));
}
