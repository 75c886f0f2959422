/**
 * Returns the runtime's file in its package, or the runtime's name if the PATH has it; undefined if neither
 * works here.
 */
export function findRuntime(name: 'bun' | 'deno'): string | undefined;
