/** `serveMux()` puts several plugins into one program. Each run of the program serves one of them. */

import { PipeworkError } from '../base/errors.ts';
import { writeAllSync } from './process/write-sync.ts';
import type { ServeOptions } from './options.ts';
import { serve } from './serve.ts';

/**
 * The options of one plugin of the program, or a function that makes these options. The function runs only if
 * the first argument names this plugin.
 */
export type MuxEntry<P = Record<string, object>> =
  ServeOptions<P> | (() => ServeOptions<P> | Promise<ServeOptions<P>>);

/**
 * Serves the entry of `map` that the program's first argument names. Without an argument, or with an unknown
 * name, prints the names on standard error and exits with status 1. The entry may use the arguments after the
 * first. Throws `CONFIG_INVALID` if `map` is not an object. `M` maps each name to the interfaces of its
 * plugin. As for `serve()`, a factory does not compile if its interface cannot be served as it is declared.
 *
 * @example
 * ```ts
 * import { serveMux } from '@pipework/core/plugin';
 *
 * // The host starts `node plugins.js greeter`, or `node plugins.js adder`.
 * await serveMux({
 *   greeter: { plugins: { greeter: () => ({ greet: (name: string) => `Hello, ${name}!` }) } },
 *   adder: { plugins: { adder: () => ({ add: (a: number, b: number) => a + b }) } },
 * });
 * ```
 */
export async function serveMux<M = Record<string, Record<string, object>>>(map: {
  readonly [N in keyof M]: MuxEntry<M[N]>;
}): Promise<void> {
  if (typeof map !== 'object' || map === null) {
    throw new PipeworkError(
      'CONFIG_INVALID',
      `serveMux() takes an object of serve options by name; got ${String(map)}`,
    );
  }
  const name = process.argv[2];
  if (name === undefined || !Object.hasOwn(map, name)) {
    const problem = name === undefined ? 'No plugin was named.' : `Unknown plugin: ${name}`;
    const names = Object.keys(map).sort().join('\n  ');
    writeAllSync(
      2,
      Buffer.from(`${problem}\nPass the name of one of these plugins as the first argument:\n  ${names}\n`),
    );
    process.exit(1);
  }
  const entry = map[name as keyof M];
  return serve(typeof entry === 'function' ? await entry() : entry);
}
