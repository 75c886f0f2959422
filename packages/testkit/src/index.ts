/**
 * Tests plugins and hosts with any test runner. The parts that need Vitest are in `@pipework/testkit/vitest`.
 *
 * @module
 */

// When the process exits, this module reports the clients and pairs that the tests left open.
import './leaks/left-open.ts';

export { connect, type ConnectOptions, type Pair, type Plugins, type WithoutControls } from './connect.ts';
export { memoryLauncher, type MemoryLauncher } from './memory-launcher.ts';
export { launch, type LaunchedClient, type LaunchOptions } from './launch.ts';
export type { FailedTask, NodeTestContext, TestContext, VitestContext } from './test-owner.ts';
export type { Direction } from './transcript/stream-reader.ts';
export type { TranscriptOptions } from './transcript/transcript.ts';
export type { CrashReport, MemoryEnd, MemoryProgram } from './memory/memory-process.ts';
export {
  fakePlugin,
  UnhandledCallError,
  type Fake,
  type FakeArguments,
  type FakeCall,
  type FakeControls,
} from './fake-plugin.ts';
export { conducts, misbehave, type Misbehaviour } from './misbehave.ts';
export { faults, type Faults } from './faults/index.ts';
export type { Fault, FaultEvent, FaultStep } from './faults/fault.ts';
export {
  simulate,
  SimulationError,
  type SimulateOptions,
  type Simulation,
  type SimulationFailure,
} from './simulate.ts';
export { conformance, type Conformance, type ConformanceOptions } from './conformance/suite.ts';
export type { ConformanceCheck, ConformanceOutcome } from './conformance/verdict.ts';
export { ConformanceReport, type ConformanceResult } from './conformance/report.ts';
export { conformancePlugin, type ConformanceService } from './conformance/plugin.ts';
export { expectNoLeaks, LeakError, type LeakOptions, type LeakSubject } from './leaks/expect-no-leaks.ts';
export { matchers, type ExpectedExit, type MatcherResult, type Matchers } from './matchers.ts';
export { remoteEquality, remoteSerializer, type EqualityTester, type RemoteSerializer } from './remotes.ts';
