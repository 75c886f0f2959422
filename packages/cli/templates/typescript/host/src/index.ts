/** The part of the host that calls the plugin. The tests pass a fake plugin to it. */
import type { Remote } from '@pipework/core';
import type { Greeter } from '@typescript-app/contract';

/** Greets all names at the same time. */
export async function greetAll(greeter: Remote<Greeter>, names: readonly string[]): Promise<string[]> {
  return await Promise.all(names.map(async (name) => await greeter.greet(name)));
}
