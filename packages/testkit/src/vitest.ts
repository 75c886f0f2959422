/**
 * Fixtures, matchers and suites for Vitest. This entry also exports most other parts of the kit, so that one
 * import is usually enough.
 *
 * @module
 */
import * as vitest from 'vitest';
import {
  afterAll,
  describe,
  expect,
  onTestFailed,
  onTestFinished,
  test as vitestTest,
  type TestAPI,
} from 'vitest';
import { asyncMatchers, demandAwait } from './awaited.ts';
import {
  conformance as conformanceSuite,
  type Conformance,
  type ConformanceOptions,
} from './conformance/suite.ts';
import { connect as connectAnywhere, type ConnectOptions, type Pair, type Plugins } from './connect.ts';
import { fakePlugin as fakeAnywhere, type Fake, type FakeArguments } from './fake-plugin.ts';
import { launch as launchAnywhere, type LaunchedClient, type LaunchOptions } from './launch.ts';
import { tellLeftOpen } from './leaks/left-open.ts';
import { matchers, type ExpectedExit } from './matchers.ts';
import { remoteEquality, remoteSerializer } from './remotes.ts';
import type { VitestContext } from './test-owner.ts';

export {
  conducts,
  conformancePlugin,
  ConformanceReport,
  expectNoLeaks,
  faults,
  LeakError,
  matchers,
  memoryLauncher,
  misbehave,
  remoteEquality,
  remoteSerializer,
  simulate,
  SimulationError,
  UnhandledCallError,
} from './index.ts';
export type * from './index.ts';
export {
  describePlugin,
  type PluginFixtures,
  type PluginSuite,
  type PluginTargets,
  type PluginUnderTest,
} from './describe-plugin.ts';

/**
 * The names of the methods that a fake of type `T` has. If `T` is not the type of a fake, any name is
 * allowed.
 */
export type RemoteMethodOf<T> = T extends { callsTo(method: infer M): unknown } ? M & string : string;

/** Either no arguments, or all arguments of the fake's method `M`. */
export type RemoteArgumentsOf<T, M> = 0 extends 1 & T
  ? readonly unknown[]
  : M extends keyof T
    ? readonly [] | FakeArguments<T[M]>
    : readonly unknown[];

/** The matchers as Vitest knows them. `T` is the type of the value in `expect(value)`. */
export interface PipeworkMatchers<T = unknown> {
  /**
   * Passes if the received promise, or the promise that the received function returns, rejects with `code`.
   * Either the error or one of its causes must have this code. If `message` is given, the message of one
   * of these errors must contain or match it.
   */
  toFailWith(code: string, message?: string | RegExp): Promise<void>;
  /**
   * Waits up to four seconds for a client's process to exit. Passes if the exit has the `expected`
   * properties.
   */
  toHaveExited(expected?: ExpectedExit): Promise<void>;
  /** Passes if the plugin of a pair or a launched client has printed `text` on its standard output. */
  toHavePrinted(text: string | RegExp): void;
  /**
   * Passes if a fake received a call of `method`. If `args` are given, one call must have had exactly these
   * arguments. The arguments may contain asymmetric matchers.
   */
  toHaveBeenCalledRemotely<M extends RemoteMethodOf<T>>(method: M, ...args: RemoteArgumentsOf<T, M>): void;
  /**
   * Passes if the open connection is at rest: it has no pending or running call, no stream of values and no
   * reference.
   */
  toHaveNoLeaks(): Promise<void>;
}

declare module 'vitest' {
  // eslint-disable-next-line typescript/no-explicit-any -- Vitest's own declaration has this `any`.
  interface Matchers<T = any> extends PipeworkMatchers<T> {}
}

expect.extend({ ...matchers });
for (const name of asyncMatchers) demandAwait(name);
expect.addEqualityTesters([remoteEquality]);
expect.addSnapshotSerializer(remoteSerializer);

tellLeftOpen(afterAll);

/**
 * The type of the fixture `connect`. The fixture works like the kit's `connect`, and the pair ends with the
 * test.
 */
export type ConnectFixture = <P, S = Record<never, never>>(
  plugins: Plugins<P, S>,
  options?: Omit<ConnectOptions<P, S>, 'test'>,
) => Promise<Pair<P, S>>;
/**
 * The type of the fixture `launch`. The fixture works like the kit's `launch`, and the process ends with the
 * test.
 */
export type LaunchFixture = <P = Record<string, object>, S = Record<never, never>>(
  options: Omit<LaunchOptions<S, P>, 'test'>,
) => LaunchedClient<P, S>;
/**
 * The type of the fixture `fakePlugin`. The fixture works like the kit's `fakePlugin`, and a call without a
 * handler fails the test.
 */
export type FakeFixture = <T extends object>(methods?: Partial<T>) => Fake<T>;

/** The fixtures that {@link test} adds to a test of Vitest. */
export interface PipeworkFixtures {
  /** Connects a host and a plugin in this process. */
  connect: ConnectFixture;
  /** Makes a client for a real process. */
  launch: LaunchFixture;
  /** Makes a double of a plugin or of a service. */
  fakePlugin: FakeFixture;
}

/**
 * Vitest's `test` with the fixtures `connect`, `launch` and `fakePlugin`. Everything that a fixture makes
 * ends with the test, whatever happens in the test. If the test fails, the plugin's output and the transcript
 * follow the test's error. The fixtures are safe in concurrent tests.
 *
 * @example
 * ```ts
 * import { expect } from 'vitest';
 * import { test } from '@pipework/testkit/vitest';
 *
 * test('greets by name', async ({ connect }) => {
 *   const pair = await connect({ greeter: () => ({ greet: (name: string) => `Hello, ${name}!` }) });
 *   const greeter = await pair.rpc.dispense('greeter');
 *   expect(await greeter.greet('world')).toBe('Hello, world!');
 * });
 * ```
 */
export const test: TestAPI<PipeworkFixtures> = vitestTest.extend<PipeworkFixtures>({
  connect: async ({ onTestFinished, onTestFailed }, use) => {
    await use((plugins, options) =>
      connectAnywhere(plugins, { ...options, test: { onTestFinished, onTestFailed } }),
    );
  },
  launch: async ({ onTestFinished, onTestFailed }, use) => {
    await use((options) => launchAnywhere({ ...options, test: { onTestFinished, onTestFailed } }));
  },
  fakePlugin: async ({ onTestFinished }, use) => {
    await use((methods) => fakeFor({ onTestFinished }, methods));
  },
});

/** Another name of {@link test}. */
export const it: typeof test = test;

/**
 * Like `connect` of `@pipework/testkit`, but for the running test. The pair ends with that test. Throws
 * outside a test and in concurrent tests. A concurrent test must use the fixture `connect` instead.
 */
export function connect<P, S = Record<never, never>>(
  plugins: Plugins<P, S>,
  options: ConnectOptions<P, S> = {},
): Promise<Pair<P, S>> {
  return connectAnywhere(plugins, { ...options, test: options.test ?? runningTest('connect') });
}

/**
 * Like `launch` of `@pipework/testkit`, but for the running test. The process ends with that test. Throws
 * outside a test and in concurrent tests. A concurrent test must use the fixture `launch` instead.
 */
export function launch<P = Record<string, object>, S = Record<never, never>>(
  options: LaunchOptions<S, P>,
): LaunchedClient<P, S> {
  return launchAnywhere({ ...options, test: options.test ?? runningTest('launch') });
}

/**
 * Like `fakePlugin` of `@pipework/testkit`, but for the running test. A call without a handler fails that
 * test. Throws outside a test and in concurrent tests. A concurrent test must use the fixture `fakePlugin`
 * instead.
 */
export function fakePlugin<T extends object>(methods: Partial<T> = {}): Fake<T> {
  return fakeFor(runningTest('fakePlugin'), methods);
}

/**
 * Returns the test that runs now. Throws if no test runs. Throws in a concurrent test too, because Vitest may
 * return another of the running tests.
 */
function runningTest(caller: string): VitestContext {
  const hooks: VitestContext = { onTestFinished, onTestFailed };
  // Vitest 4.0 has no function that returns the running test.
  if (!('TestRunner' in vitest)) return hooks;
  const task = vitest.TestRunner.getCurrentTest();
  if (task === undefined) {
    throw new TypeError(
      `${caller}() of '@pipework/testkit/vitest' ends with the running test, but no test runs: call it in a test or in beforeEach(). If several tests share the result, use ${caller}() of '@pipework/testkit', and end it in afterAll()`,
    );
  }
  if (task.concurrent === true) {
    throw new TypeError(
      `${caller}() of '@pipework/testkit/vitest' can't know which of the concurrent tests called it: take it from the test's fixtures, async ({ ${caller} }) => ...`,
    );
  }
  return hooks;
}

function fakeFor<T extends object>(
  test: Pick<VitestContext, 'onTestFinished'>,
  methods: Partial<T> = {},
): Fake<T> {
  const fake = fakeAnywhere<T>(methods);
  const { assertNoUnhandled } = fake;
  test.onTestFinished(() => {
    assertNoUnhandled();
  });
  return fake;
}

/**
 * How long a check of the suite may take, in milliseconds. The suite's own deadline is shorter, so that the
 * suite ends the check first.
 */
const checkTimeoutMs = 620_000;

/**
 * Registers the conformance suite as tests, with one test for each rule. A check that does not apply is
 * skipped with its reason. Call this function wherever `describe` may be called. For a report in place of
 * tests, use `conformance` of `@pipework/testkit`.
 *
 * @example
 * ```ts
 * import { conformance } from '@pipework/testkit/vitest';
 *
 * conformance({ cmd: ['./my-plugin'], quick: true });
 * ```
 */
export function conformance(options: ConformanceOptions): Conformance {
  const suite = conformanceSuite(options);
  const sections = new Set(suite.checks.map(({ section }) => section));
  describe('conformance', () => {
    for (const section of sections) {
      describe(section, () => {
        for (const check of suite.checks.filter((one) => one.section === section)) {
          vitestTest.concurrent(check.name, { timeout: checkTimeoutMs }, async ({ skip }) => {
            const outcome = await check.run();
            if (outcome.status === 'does not apply') skip(outcome.reason);
            if (outcome.status === 'failed') throw new Error(`${outcome.reason}\n\n${outcome.details}`);
          });
        }
      });
    }
  });
  return suite;
}
