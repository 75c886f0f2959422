/** The running test of any runner: what the kit hangs its clean-up and its reports on. */

/** Vitest's test context, as far as the kit uses it. */
export interface VitestContext {
  /** Registers what runs when the test has ended. */
  onTestFinished(clean: () => void | Promise<void>): void;
  /** Registers what runs if the test has failed. */
  onTestFailed(report: (context: { readonly task: FailedTask }) => void): void;
}

/** A failed test of Vitest, as far as the kit uses it. */
export interface FailedTask {
  /** The errors of the test, to which the kit adds what it recorded. */
  readonly result?:
    { readonly errors?: { message?: string; stack?: string | undefined }[] | undefined } | undefined;
}

/** The context of a test of `node:test`, as far as the kit uses it. */
export interface NodeTestContext {
  /** Registers what runs when the test has ended. */
  after(clean: () => void | Promise<void>): void;
  /** Shows a message beside the result of the test. */
  diagnostic(message: string): void;
  /** Node 20.12 and later; where it is missing, what was recorded is shown for every test. */
  readonly passed?: boolean;
}

/** The context that a runner hands to a test function: Vitest's or that of `node:test`. */
export type TestContext = VitestContext | NodeTestContext;

/** Runs `end` when the test is over, and shows what `report` tells if it has failed. */
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
 * Lets `end` run when the running test of `node:test` is over, for what was opened without its context. Does nothing under other runners, and
 * nothing for what is opened outside a test, whose end is the caller's to make.
 */
export function ownedByRunningTest(end: () => Promise<unknown>): void {
  const { env } = process;
  if (env['NODE_TEST_CONTEXT'] === undefined || env['VITEST'] !== undefined) return;
  const { after } = process.getBuiltinModule('node:test');
  // Called with the context of the test when the function or the hook that has called this is done.
  after(async (test) => {
    const { passed, signal } = test as { passed?: boolean; signal?: AbortSignal };
    if (passed === true) await end();
    // It failed; or this was a hook, and the test is to come. Its signal tells when it is over. That of a suite never does.
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
