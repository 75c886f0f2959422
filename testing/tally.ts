import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** If a run has more tests than this number, the slowest tests are listed. */
const largeRun = 200;

/**
 * Prints a summary at the end of a run. If the run was large, the summary lists the slowest ten tests. The
 * next line has the number of skipped tests for each reason. The last line is one that any continuous
 * integration can read: `N passed, N failed, N skipped`.
 */
export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 };
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    for (const test of tests) count[test.result().state]++;
    for (const module of modules) {
      count.failed += module.errors().length;
      // A hook that failed is an error of its suite, not of a test.
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length;
    }
    if (tests.length > largeRun) console.log(slowest(tests));
    if (count.skipped > 0) console.log(skipped(tests));
    if (count.failed > 0) console.log(failed(modules, tests, unhandled));
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}

function slowest(tests: readonly TestCase[]): string {
  const byTime = tests
    .map((test) => ({ test, ms: test.diagnostic()?.duration ?? 0 }))
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, 10);
  const lines = byTime.map(
    ({ test, ms }) => `${ms.toFixed(0).padStart(7)} ms  ${test.module.relativeModuleId} > ${test.fullName}`,
  );
  return `the slowest ten tests:\n${lines.join('\n')}`;
}

/**
 * Returns each failure with the first lines of its reason, so that the end of a long log shows all failures.
 */
function failed(
  modules: readonly TestModule[],
  tests: readonly TestCase[],
  unhandled: readonly unknown[],
): string {
  const of = (where: string, reasons: readonly { message?: string }[]): string =>
    [where, ...reasons.map(({ message = '' }) => message.split('\n').slice(0, 6).join('\n'))].join('\n    ');
  const lines = tests
    .filter((test) => test.result().state === 'failed')
    .map((test) => of(`${test.module.relativeModuleId} > ${test.fullName}`, test.result().errors ?? []));
  for (const module of modules) {
    const hooks = [...module.children.allSuites()].flatMap((suite) => suite.errors());
    const errors = [...module.errors(), ...hooks];
    if (errors.length > 0) lines.push(of(`${module.relativeModuleId}, outside its tests`, errors));
  }
  for (const error of unhandled) lines.push(of('unhandled', [error as { message?: string }]));
  return `failed:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/**
 * Counts the skipped tests by their reason. A skipped test has the reason in its name, or in the name of a
 * suite around it.
 */
function skipped(tests: readonly TestCase[]): string {
  const reasons = new Map<string, number>();
  for (const test of tests) {
    if (test.result().state !== 'skipped') continue;
    const [, reason = test.options.mode === 'todo' ? 'to do' : 'its name does not say why'] =
      /\(SKIPPED: (.*?)\)(?: >|$)/.exec(test.fullName) ?? [];
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const listed = [...reasons].map(([reason, number]) => `${number} because ${reason}`);
  return `skipped: ${listed.join('; ')}`;
}
