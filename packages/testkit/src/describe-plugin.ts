/** One suite, both ways: the same tests against a plugin in memory and as a process. */
import { describe, expect, test as vitestTest, type TestAPI } from 'vitest';
import type { ClientConfig, RPCClientOf } from '@pipework/core';
import { connect, type ConnectOptions, type Plugins } from './connect.ts';
import { launch } from './launch.ts';
import type { TranscriptOptions } from './transcript/transcript.ts';

/** The ways in which {@link describePlugin} runs the plugin: in memory, as a process, or both. */
export interface PluginTargets<P, S = Record<never, never>> {
  /** The factories that the plugin's program serves. Without it the suite runs as a process only. */
  readonly inMemory?: Plugins<P, S>;
  /** The program: a command line, or the whole of a Client's config. Without it the suite runs in memory only. */
  readonly process?: ClientConfig['cmd'] | ClientConfig<S>;
  /** Further options of the pair in memory. */
  readonly connect?: Omit<ConnectOptions<P, S>, 'test'>;
}

/** The plugin under test, the same whichever way it runs. */
export interface PluginUnderTest<P> {
  /** Which of the two ways it runs. */
  readonly how: 'in memory' | 'as a process';
  /** The connection to it. */
  readonly rpc: RPCClientOf<P>;
  /** What it printed on its standard output so far. */
  readonly stdout: string;
  /** What it printed on its standard error so far. */
  readonly stderr: string;
  /** Returns what went over the wire so far, a line each. */
  transcript(options?: TranscriptOptions): string;
  /** Ends it; it ends with the test in any case. */
  close(): Promise<unknown>;
}

/** What a test of {@link describePlugin} is given. */
export interface PluginFixtures<P> {
  /** A plugin for this test alone, started when the test first asks for it. */
  plugin: PluginUnderTest<P>;
}

/** What {@link describePlugin} hands to the function that declares the tests. */
export interface PluginSuite<P> {
  /** Vitest's `test` with the plugin as a fixture. */
  readonly test: TestAPI<PluginFixtures<P>>;
  /** Vitest's `expect`, with the matchers of the kit. */
  readonly expect: typeof expect;
  /** Which of the two ways the tests that are now declared will run. */
  readonly how: 'in memory' | 'as a process';
}

/**
 * Registers `suite` once for each target: `NAME, in memory` and `NAME, as a process`. Each test gets a plugin of its own
 * by the fixture `plugin`, ended with the test; a failing test shows what it printed and what went over the pipes.
 *
 * @example
 * ```ts
 * import { fileURLToPath } from 'node:url';
 * import { describePlugin } from '@pipework/testkit/vitest';
 *
 * interface Plugins {
 *   greeter: { greet(name: string): Promise<string> };
 * }
 * const inMemory = { greeter: () => ({ greet: async (name: string) => `Hello, ${name}!` }) };
 * const program = fileURLToPath(new URL('plugin.js', import.meta.url));
 *
 * describePlugin<Plugins>('greeter', { inMemory, process: [process.execPath, program] }, ({ test, expect }) => {
 *   test('greets by name', async ({ plugin }) => {
 *     const greeter = await plugin.rpc.dispense('greeter');
 *     expect(await greeter.greet('world')).toBe('Hello, world!');
 *   });
 * });
 * ```
 */
export function describePlugin<P, S = Record<never, never>>(
  name: string,
  targets: PluginTargets<P, S>,
  suite: (tools: PluginSuite<P>) => void,
): void {
  const { inMemory, process: program } = targets;
  if (inMemory === undefined && program === undefined) {
    throw new TypeError(
      `describePlugin('${name}'): expected targets with inMemory, process, or both; got neither`,
    );
  }
  if (inMemory !== undefined) {
    describe(`${name}, in memory`, () => {
      suite({ test: inMemoryTest(inMemory, targets.connect), expect, how: 'in memory' });
    });
  }
  if (program !== undefined) {
    const config: ClientConfig<S> = isCommand(program) ? { cmd: program } : program;
    describe(`${name}, as a process`, () => {
      suite({ test: processTest(config), expect, how: 'as a process' });
    });
  }
}

const isCommand = <S>(program: ClientConfig['cmd'] | ClientConfig<S>): program is ClientConfig['cmd'] =>
  !('cmd' in program);

function inMemoryTest<P, S>(
  plugins: Plugins<P, S>,
  options: PluginTargets<P, S>['connect'],
): TestAPI<PluginFixtures<P>> {
  return vitestTest.extend<PluginFixtures<P>>({
    plugin: async ({ onTestFinished, onTestFailed }, use) => {
      const pair = await connect<P, S>(plugins, { ...options, test: { onTestFinished, onTestFailed } });
      await use({
        how: 'in memory',
        rpc: pair.rpc,
        get stdout() {
          return pair.stdout;
        },
        get stderr() {
          return pair.stderr;
        },
        transcript: (options) => pair.transcript(options),
        close: () => pair.close(),
      });
    },
  });
}

function processTest<P, S>(config: ClientConfig<S>): TestAPI<PluginFixtures<P>> {
  return vitestTest.extend<PluginFixtures<P>>({
    plugin: async ({ onTestFinished, onTestFailed }, use) => {
      const client = launch<P, S>({ ...config, test: { onTestFinished, onTestFailed } });
      await use({
        how: 'as a process',
        rpc: await client.client(),
        get stdout() {
          return client.stdout;
        },
        get stderr() {
          return client.stderr;
        },
        transcript: (options) => client.transcript(options),
        close: () => client.kill(),
      });
    },
  });
}
