/** Runs one suite twice: against the plugin in memory, and against the plugin as a process. */
import { describe, expect, test as vitestTest, type TestAPI } from 'vitest';
import type { ClientConfig, RPCClientOf } from '@pipework/core';
import { connect, type ConnectOptions, type Plugins } from './connect.ts';
import { launch } from './launch.ts';
import type { TranscriptOptions } from './transcript/transcript.ts';

/** The ways in which {@link describePlugin} runs the plugin: in memory, as a process, or both. */
export interface PluginTargets<P, S = Record<never, never>> {
  /**
   * The factories that the plugin's program serves. Without factories, the suite tests the plugin only as a
   * process.
   */
  readonly inMemory?: Plugins<P, S>;
  /**
   * The plugin's program, as a command line or as the whole config of a Client. Without a program, the suite
   * tests the plugin only in memory.
   */
  readonly process?: ClientConfig['cmd'] | ClientConfig<S, P>;
  /** More options of the pair in memory. */
  readonly connect?: Omit<ConnectOptions<P, S>, 'test'>;
}

/** The plugin under test. The members of this object are the same in memory and as a process. */
export interface PluginUnderTest<P> {
  /** How the plugin runs. */
  readonly how: 'in memory' | 'as a process';
  /** The connection to the plugin. */
  readonly rpc: RPCClientOf<P>;
  /** The plugin's standard output so far. */
  readonly stdout: string;
  /** The plugin's standard error so far. */
  readonly stderr: string;
  /** Returns the transcript of the wire so far, with a line for each frame. */
  transcript(options?: TranscriptOptions): string;
  /** Ends the plugin. If this method is not called, the plugin ends with the test. */
  close(): Promise<unknown>;
}

/** The fixtures of a test of {@link describePlugin}. */
export interface PluginFixtures<P> {
  /** A plugin for this test alone. The plugin starts when the test first uses it. */
  plugin: PluginUnderTest<P>;
}

/** The object that {@link describePlugin} passes to its callback, which declares the tests. */
export interface PluginSuite<P> {
  /** Vitest's `test` with the plugin as a fixture. */
  readonly test: TestAPI<PluginFixtures<P>>;
  /** Vitest's `expect`, with the kit's matchers. */
  readonly expect: typeof expect;
  /** How the plugin runs in the tests that this call of the callback declares. */
  readonly how: 'in memory' | 'as a process';
}

/**
 * Registers `suite` for each target, under the names `NAME, in memory` and `NAME, as a process`. The fixture
 * `plugin` gives each test its own plugin, which ends with the test. A failing test shows the plugin's output
 * and the transcript of the pipes.
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
    const config: ClientConfig<S, P> = isCommand(program) ? { cmd: program } : program;
    describe(`${name}, as a process`, () => {
      suite({ test: processTest(config), expect, how: 'as a process' });
    });
  }
}

const isCommand = (program: ClientConfig['cmd'] | object): program is ClientConfig['cmd'] =>
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

function processTest<P, S>(config: ClientConfig<S, P>): TestAPI<PluginFixtures<P>> {
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
