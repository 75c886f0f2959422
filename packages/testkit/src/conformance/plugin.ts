/** The service that the conformance suite calls, for plugins that use core. */
import { callContext, type PluginContext } from '@pipework/core';
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { patternBytes } from './checks/calls.ts';

const execute = promisify(execFile);

/** The methods that the suite calls. Each method except `each` has one parameter, as in net/rpc. */
export interface ConformanceService {
  /** Returns its argument. */
  echo(value: unknown): unknown;
  /** Throws an error with the text `message`. */
  fail(message: string): never;
  /** Prints `text` on the synced output `stream`, and then answers. */
  print(what: { readonly stream: 'stdout' | 'stderr'; readonly text: string }): Promise<void>;
  /** Returns `n` bytes. Byte number i is (i * 7 + 3) & 255. */
  bytes(n: number): Uint8Array;
  /** Answers after `ms` milliseconds. Fails as soon as the caller cancels the call. */
  sleep(ms: number): Promise<void>;
  /**
   * Starts the program `command` with the environment and the descriptors that the plugin gives to its
   * children. Returns the program's standard output. Fails if the program cannot start, or if its exit status
   * is not 0.
   */
  run(command: readonly [file: string, ...args: string[]]): Promise<string>;
  /**
   * Calls `method` of the host's service `service` with `argument`, and releases the service. Returns the
   * host's answer.
   */
  ask(question: {
    readonly service: string;
    readonly method: string;
    readonly argument: unknown;
  }): Promise<unknown>;
  /**
   * Calls `visit` with each value and its index, one after another. Returns the number of values. The suite
   * calls `each` only if the plugin announces `refs`.
   */
  each(values: unknown[], visit: (value: unknown, index: number) => unknown): Promise<number>;
  /** Yields the numbers from 1 to `to`. The suite calls `count` only if the plugin announces `refs`. */
  count(to: number): AsyncIterable<number>;
}

type Dispensed = Disposable & Readonly<Record<string, (argument: unknown) => Promise<unknown>>>;

/**
 * Makes the suite's service. Serve it under the name `conformance`, and only in tests, because its method
 * `run` starts any program that the host names. A plugin in another language serves the same methods, which
 * docs/other-languages.md describes.
 *
 * @example
 * ```ts
 * import { serve } from '@pipework/core/plugin';
 * import { conformancePlugin } from '@pipework/testkit';
 *
 * await serve({ plugins: { conformance: conformancePlugin } });
 * ```
 */
export function conformancePlugin(
  context: Pick<PluginContext, 'stdout' | 'stderr'> & {
    readonly host?: { dispense(name: never): Promise<object> };
  },
): ConformanceService {
  return {
    echo: (value) => value,
    fail: (message) => {
      throw new Error(message);
    },
    // If the window is full, only this call waits for the output.
    print: ({ stream, text }) =>
      new Promise((resolve, reject) => {
        context[stream].write(text, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    bytes: patternBytes,
    sleep: async (ms) => {
      await sleep(ms, undefined, { signal: callContext().signal });
    },
    run: async ([file, ...args]) => (await execute(file, args)).stdout,
    ask: async ({ service, method, argument }) => {
      const dispensed = (await context.host?.dispense(service as never)) as Dispensed;
      try {
        return await dispensed[method]?.(argument);
      } finally {
        dispensed[Symbol.dispose]();
      }
    },
    each: async (values, visit) => {
      for (const [index, value] of values.entries()) await visit(value, index);
      return values.length;
    },
    async *count(to) {
      for (let n = 1; n <= to; n++) yield n;
    },
  };
}
