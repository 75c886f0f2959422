/** The program's file, or its name if the PATH has it; undefined where this platform has neither. */
export function findRuntime(name: 'bun' | 'deno'): string | undefined;
