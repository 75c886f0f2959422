/** Attaches the kit's clean-up and reports to the running test, under any runner. */

/** The part of Vitest's test context that the kit uses. */
export interface VitestContext {
  /** Registers a function that runs when the test has ended. */
  onTestFinished(clean: () => void | Promise<void>): void;
  /** Registers a function that runs if the test has failed. */
  onTestFailed(report: (context: { readonly task: FailedTask }) => void): void;
}

/** The part of a failed Vitest test that the kit uses. */
export interface FailedTask {
  /** The errors of the test. The kit adds its report to the last of them. */
  readonly result?:
    { readonly errors?: { message?: string; stack?: string | undefined }[] | undefined } | undefined;
}

/** The part of the test context of `node:test` that the kit uses. */
export interface NodeTestContext {
  /** Registers a function that runs when the test has ended. */
  after(clean: () => void | Promise<void>): void;
  /** Shows a message beside the result of the test. */
  diagnostic(message: string): void;
  /**
   * True if the test passed. This property exists in Node 20.12 and later. If the property is missing, the
   * kit shows its report for every test.
   */
  readonly passed?: boolean;
}

/** The context that Vitest or `node:test` passes to a test function. */
export type TestContext = VitestContext | NodeTestContext;

/** Runs `end` when the test is over. If the test has failed, shows the text from `report`. */
export function ownedBy(test: TestContext, end: () => Promise<unknown>, report: () => string): void {
  if ('onTestFinished' in test) {
    test.onTestFinished(async () => {
      await end();
    });
    test.onTestFailed(({ task }) => {
      attach(task, report());
    });
    return;
  }
  test.after(async () => {
    await end();
    if (test.passed !== true) for (const line of report().split('\n')) test.diagnostic(line);
  });
}

/**
 * Runs `end` when the running test of `node:test` is over, for things that were opened without the test's
 * context. Does nothing under other runners and outside a test. In these cases the caller must end the
 * things.
 */
export function ownedByRunningTest(end: () => Promise<unknown>): void {
  const { env } = process;
  if (env['NODE_TEST_CONTEXT'] === undefined || env['VITEST'] !== undefined) return;
  const { after } = process.getBuiltinModule('node:test');
  // `node:test` calls this hook with the context of the test, when the function or the hook that called
  // `after` is done.
  after(async (test) => {
    const { passed, signal } = test as { passed?: boolean; signal?: AbortSignal };
    // If a test timed out, its signal has aborted before its hooks run.
    if (passed === true || signal?.aborted === true) await end();
    // Either the test failed, or a hook opened the thing and the test has not run yet. In both cases, the
    // signal aborts when the test is over. A suite, too, can be the context, but its signal never aborts.
    else signal?.addEventListener('abort', () => void end(), { once: true });
  });
}

/** Puts `text` under the message of the test's error, so that every reporter shows it with the failure. */
export function attach(task: FailedTask, text: string): void {
  const error = task.result?.errors?.at(-1);
  if (error === undefined || text === '' || error.message?.includes(text) === true) return;
  const { message = '' } = error;
  error.message = `${message}\n\n${text}`;
  if (error.stack?.includes(message) === true)
    error.stack = error.stack.replace(message, () => error.message ?? '');
}
