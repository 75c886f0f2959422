/** Returns the program's file, or its name if the PATH has it; undefined if this platform has neither. */
export function findRuntime(name: 'bun' | 'deno'): string | undefined;
