/** Matchers for Vitest's, and Jest's, `expect.extend`: typed in `@pipework/testkit/vitest`. */
import type { EndedBy, PluginExit } from '@pipework/core';
import { inspect, isDeepStrictEqual } from 'node:util';
import { expectNoLeaks, LeakError } from './leaks/expect-no-leaks.ts';
import { clearRealTimeout, setRealTimeout } from './real-time.ts';
import { remoteEquality } from './remotes.ts';

/** What a matcher returns, as `expect.extend()` of Vitest and Jest takes it. */
export interface MatcherResult {
  /** Whether the value is as expected. */
  readonly pass: boolean;
  /** Makes the message of the failure, also that of a negated matcher. */
  readonly message: () => string;
}

/** What `toHaveExited` compares, as far as it is given. */
export interface ExpectedExit {
  /** The exit code; null for an end by a signal. */
  readonly code?: number | null;
  /** The signal; null for an end without one. */
  readonly signal?: NodeJS.Signals | null;
  /** Which step, or which party, ended the process. */
  readonly by?: EndedBy;
}

/** Anything with an exit: a client. */
interface WithExit {
  readonly exited: boolean;
  readonly exit: Promise<PluginExit>;
}

/** A type and no interface, which `expect.extend` would not take. */
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

/** The matchers for `expect.extend()`. Importing `@pipework/testkit/vitest` adds them by itself. */
export const matchers: Matchers = Object.freeze<Matchers>({
  /** A promise, or a function that makes one, rejects with this code: its own, or that of one of its causes. */
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

  /** A client's process is gone, or goes within four seconds, in this way. */
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

  /** A pair, or a launched client, printed this on its standard output. */
  toHavePrinted(received, text) {
    const printed = isPrinting(received) ? received.stdout : undefined;
    if (printed === undefined) {
      return {
        pass: false,
        message: () =>
          `toHavePrinted: expected what connect() or launch() gave; got ${inspect(received, { depth: 0 })}`,
      };
    }
    const pass = matches(printed, text);
    return {
      pass,
      message: () =>
        `expected the plugin ${pass ? 'not ' : ''}to have printed ${inspect(text)}; it printed ${printed === '' ? 'nothing' : inspect(printed)}`,
    };
  },

  /** A fake saw a call of `method`; with arguments, one with exactly these. */
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

  /** An open connection is at rest: see `expectNoLeaks`. */
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

/** Below the five seconds that Vitest gives a test by default, so that it is this message that is seen. */
const exitWaitMs = 4_000;

/** How the runner compares, asymmetric matchers included; without one, as Node does. */
function equalityOf(state: unknown): (a: unknown, b: unknown) => boolean {
  const runner = (state ?? {}) as {
    equals?(a: unknown, b: unknown, testers: readonly unknown[]): boolean;
    readonly customTesters?: readonly unknown[];
  };
  // Bun's needs its `this`.
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

/** An error, its cause, the cause of that, and so on. */
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

/** A client; or a pair, which has one. */
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
