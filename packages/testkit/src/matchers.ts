/** Matchers for `expect.extend` of Vitest and Jest. `@pipework/testkit/vitest` has their types. */
import type { EndedBy, PluginExit } from '@pipework/core';
import { inspect, isDeepStrictEqual } from 'node:util';
import { expectNoLeaks, LeakError } from './leaks/expect-no-leaks.ts';
import { clearRealTimeout, setRealTimeout } from './real-time.ts';
import { remoteEquality } from './remotes.ts';

/** The result of a matcher, as `expect.extend()` of Vitest and Jest expects it. */
export interface MatcherResult {
  /** True if the value is what the matcher expects. */
  readonly pass: boolean;
  /** Returns the message of the failed matcher or, if `pass` is true, of the failed negated matcher. */
  readonly message: () => string;
}

/** The properties that `toHaveExited` compares. Absent properties are not compared. */
export interface ExpectedExit {
  /** The exit code, or null if a signal ended the process. */
  readonly code?: number | null;
  /** The signal, or null if no signal ended the process. */
  readonly signal?: NodeJS.Signals | null;
  /** The step or the party that ended the process. */
  readonly by?: EndedBy;
}

/** A client, or anything else that has an exit. */
interface WithExit {
  readonly exited: boolean;
  readonly exit: Promise<PluginExit>;
}

/** This is a type alias, because `expect.extend` does not accept an interface. */
export type Matchers = {
  toFailWith(received: unknown, code: string, message?: string | RegExp): Promise<MatcherResult>;
  toHaveExited(received: unknown, expected?: ExpectedExit): Promise<MatcherResult>;
  toHavePrinted(received: unknown, text: string | RegExp): MatcherResult;
  toHaveBeenCalledRemotely(
    this: unknown,
    received: unknown,
    method: string,
    ...args: unknown[]
  ): MatcherResult;
  toHaveNoLeaks(received: unknown): Promise<MatcherResult>;
};

/** The matchers for `expect.extend()`. An import of `@pipework/testkit/vitest` adds them automatically. */
export const matchers: Matchers = Object.freeze<Matchers>({
  /**
   * Passes if the received promise, or the promise that the received function returns, rejects with `code`.
   * Either the error or one of its causes must have this code. If `message` is given, the message of one
   * of these errors must contain or match it.
   */
  async toFailWith(received, code, message) {
    const outcome = await settle(received);
    if ('value' in outcome) {
      return {
        pass: false,
        message: () => `expected a failure with ${code}; it resolved with ${inspect(outcome.value)}`,
      };
    }
    const chain = causes(outcome.error);
    const hasCode = chain.some((error) => codeOf(error) === code);
    const hasMessage = message === undefined || chain.some((error) => matches(messageOf(error), message));
    const wanted = message === undefined ? code : `${code} and a message with ${String(message)}`;
    return {
      pass: hasCode && hasMessage,
      message: () =>
        `expected ${hasCode && hasMessage ? 'no ' : 'a '}failure with ${wanted}; it failed with\n${chain.map(describeError).join('\n')}`,
    };
  },

  /**
   * Waits up to four seconds for a client's process to exit. Passes if the exit has the `expected`
   * properties.
   */
  async toHaveExited(received, expected = {}) {
    const client = clientOf(received);
    if (client === undefined) {
      return {
        pass: false,
        message: () => `toHaveExited: expected a client; got ${inspect(received, { depth: 0 })}`,
      };
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setRealTimeout(() => {
        resolve(undefined);
      }, exitWaitMs);
    });
    const exit = await Promise.race([client.exit, late]);
    clearRealTimeout(timer);
    if (exit === undefined) {
      return {
        pass: false,
        message: () =>
          `expected the plugin to have exited within ${String(exitWaitMs / 1000)} s; it still runs`,
      };
    }
    const wrong = Object.entries(expected).filter(([key, value]) => exit[key as keyof PluginExit] !== value);
    const came = describeExit(exit);
    return {
      pass: wrong.length === 0,
      message: () =>
        wrong.length === 0
          ? `expected the plugin not to have exited with ${came}`
          : `expected the plugin to exit with ${inspect(expected)}; it ended with ${came}`,
    };
  },

  /** Passes if the plugin of a pair or a launched client has printed `text` on its standard output. */
  toHavePrinted(received, text) {
    const printed = isPrinting(received) ? received.stdout : undefined;
    if (printed === undefined) {
      return {
        pass: false,
        message: () =>
          `toHavePrinted: expected what connect() or launch() returned; got ${inspect(received, { depth: 0 })}`,
      };
    }
    const pass = matches(printed, text);
    return {
      pass,
      message: () =>
        `expected the plugin ${pass ? 'not ' : ''}to have printed ${inspect(text)}; it printed ${printed === '' ? 'nothing' : inspect(printed)}`,
    };
  },

  /**
   * Passes if a fake received a call of `method`. If `args` are given, one call must have had exactly these
   * arguments.
   */
  toHaveBeenCalledRemotely(this: unknown, received, method, ...args) {
    const calls = isFake(received) ? received.callsTo(method) : undefined;
    if (calls === undefined) {
      return {
        pass: false,
        message: () =>
          `toHaveBeenCalledRemotely: expected a fakePlugin(); got ${inspect(received, { depth: 0 })}`,
      };
    }
    const equals = equalityOf(this);
    const pass = args.length === 0 ? calls.length > 0 : calls.some((call) => equals([...call], args));
    const seen =
      calls.length === 0
        ? 'it was not called'
        : `it was called with\n${calls.map((call) => inspect(call)).join('\n')}`;
    return {
      pass,
      message: () =>
        `expected ${method} ${pass ? 'not ' : ''}to be called${args.length === 0 ? '' : ` with ${inspect(args)}`}; ${seen}`,
    };
  },

  /** Passes if an open connection is at rest. See `expectNoLeaks`. */
  async toHaveNoLeaks(received) {
    try {
      await expectNoLeaks(received as Parameters<typeof expectNoLeaks>[0] & object);
      return { pass: true, message: () => 'expected something to be left over; nothing is' };
    } catch (error) {
      if (!(error instanceof LeakError)) throw error;
      return { pass: false, message: () => error.message };
    }
  },
});

/**
 * How long `toHaveExited` waits. A test of Vitest has five seconds by default. This time is shorter, so that
 * the test shows the matcher's message.
 */
const exitWaitMs = 4_000;

/**
 * Returns the runner's function for equality, which knows the runner's asymmetric matchers. Without a runner,
 * returns the function of Node.
 */
function equalityOf(state: unknown): (a: unknown, b: unknown) => boolean {
  const runner = (state ?? {}) as {
    equals?(a: unknown, b: unknown, testers: readonly unknown[]): boolean;
    readonly customTesters?: readonly unknown[];
  };
  // Bun's `equals` must be called with `runner` as its `this`.
  return (a, b) =>
    runner.equals?.(a, b, [...(runner.customTesters ?? []), remoteEquality]) ?? isDeepStrictEqual(a, b);
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

async function settle(received: unknown): Promise<Outcome> {
  try {
    return { value: await (typeof received === 'function' ? (received as () => unknown)() : received) };
  } catch (error) {
    return { error };
  }
}

/** Returns an error, its cause, the cause of its cause, and so on, at most ten errors. */
function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (
    let next = error;
    next !== undefined && chain.length < 10;
    next = next instanceof Error ? next.cause : undefined
  )
    chain.push(next);
  return chain;
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const matches = (text: string, wanted: string | RegExp): boolean =>
  typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);

function describeError(error: unknown, depth: number): string {
  const code = codeOf(error);
  return `${depth === 0 ? '  ' : '  caused by '}${typeof code === 'string' ? code : '(no code)'}: ${messageOf(error)}`;
}

const describeExit = ({ code, signal, by, stderrTail }: PluginExit): string =>
  `${inspect({ code, signal, by })}${stderrTail === '' ? '' : ` and stderr\n${stderrTail}`}`;

/** Returns a client, or the client of a pair. */
function clientOf(value: unknown): WithExit | undefined {
  if (isWithExit(value)) return value;
  const client = typeof value === 'object' && value !== null && 'client' in value ? value.client : undefined;
  return isWithExit(client) ? client : undefined;
}

function isWithExit(value: unknown): value is WithExit {
  return typeof value === 'object' && value !== null && 'exited' in value && 'exit' in value;
}

function isPrinting(value: unknown): value is { readonly stdout: string } {
  return typeof value === 'object' && value !== null && 'stdout' in value && typeof value.stdout === 'string';
}

function isFake(value: unknown): value is { callsTo(method: string): (readonly unknown[])[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { callsTo?: unknown }).callsTo === 'function'
  );
}
