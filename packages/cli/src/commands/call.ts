/**
 * `pipework call` makes one call and prints its result as JSON. If the result is a stream, each item is
 * printed on its own line.
 */
import { constants } from 'node:buffer';
import { isPipeworkError, PipeworkError, withCallOptions, type Remote, type RPCClient } from '@pipework/core';
import type { Command, CommandLine } from '../command.ts';
import {
  asTyped,
  CallFailed,
  CommandBroken,
  exitOfCall,
  isRefusedInput,
  statusOf,
  unknownMethod,
  UsageError,
} from '../exit-status.ts';
import { readArguments, stdinKinds, type Input, type StdinKind } from '../input.ts';
import type { Io } from '../io.ts';
import { OutputClosed, print } from '../output.ts';
import { choice, wholeNumber } from '../parse.ts';
import {
  interruptHelp,
  orInterrupted,
  pluginOptions,
  targetAmong,
  targetIn,
  watchEnd,
  withPlugin,
  type Target,
} from '../session.ts';
import { isTooLong, jsonText, toJson } from '../values.ts';

export const call: Command = {
  name: 'call',
  operands: 'NAME.METHOD [JSON...]',
  operandCount: [1, Infinity],
  takesPlugin: true,
  summary: 'Calls a method of a plugin and prints its result as JSON.',
  details: [
    'Each argument is JSON: 5, true, \'"a text"\', \'{"a":[1]}\'. The argument - is standard input, which is a stream of bytes unless --stdin names another form. If the result is a stream, each item is printed when it arrives, as one line of JSON. If a method has no result, nothing is printed.',
    'Values that JSON does not have are written as objects, in arguments and results: {"$bytes":"aGk="}, {"$bigint":"5"}, {"$date":"2026-01-31T12:00:00.000Z"}, {"$map":[["key",1]]}, {"$set":[1]}, {"$undefined":true}, {"$number":"NaN"}, {"$buffer":"aGk="}, {"$array":["Float64Array","AAAAAAAA8D8="]}, {"$regexp":["a+","i"]}, {"$url":"https://example.com/"}, {"$error":{"message":"no"}}. An object that looks like one of these has a further $ in its key: {"$$date":1}. In a result, {"$function":true}, {"$object":true}, {"$stream":true} and {"$signal":true} stand for references, which end with the command.',
    'Functions cannot be arguments, and the plugin finds no services of a host.',
    `The plugin's output goes to standard error, and each line begins with the name of the plugin's file. ${interruptHelp}`,
  ],
  options: {
    timeout: {
      type: 'string',
      value: 'MS',
      help: 'how long the call may take, including its factory and its stream',
    },
    stdin: {
      type: 'string',
      choices: stdinKinds,
      help: 'how - is read: a stream of bytes, a stream of values, one value, or a text (default: bytes)',
    },
    raw: { type: 'boolean', help: 'print texts and bytes as they are, without JSON' },
    json: { type: 'boolean', help: 'print an error as one line of JSON, and results on one line' },
    ...pluginOptions,
  },
  examples: [
    `pipework call greeter.greet '"world"' -- node plugin.js`,
    'pipework call greeter.count 3 -- ./plugin',
    'pipework call --timeout 500 greeter.hash - -- node plugin.js < file',
  ],
  run,
};

/** By how many milliseconds a timer may fire too early. */
const timerSlackMs = 2;
/**
 * How long the command waits for standard output after the time of `--timeout` has passed, in milliseconds.
 */
const outputLagMs = 200;

async function run(line: CommandLine, io: Io): Promise<number> {
  const [operand = '', ...rest] = line.operands;
  const target = targetIn(operand);
  const deadlineMs = wholeNumber(line, 'timeout');
  if (line.values.raw === true && line.values.json === true)
    throw new UsageError('--raw and --json exclude each other');
  const kind = choice(line, 'stdin', stdinKinds) ?? 'bytes';
  if (line.values.stdin !== undefined && !rest.includes('-'))
    throw new UsageError('--stdin: expected an argument -, which stands for standard input; got none');
  const input = await orInterrupted(io, readArguments(rest, kind, io));
  await withPlugin(line, io, async (rpc, signal) => {
    const hasEnded = watchEnd(rpc);
    const time = new CallTime(deadlineMs, signal);
    const isClear = !target.name.includes('.');
    const { name, method } = isClear ? target : await servedTarget(rpc, operand, time);
    const remote = await dispenseInTime(rpc, name, time);
    const options = { signal, deadlineMs: time.leftMs };
    try {
      const done = callAndPrint(withCallOptions(remote, options), method, input, line, io);
      await Promise.race([done, time.passed]);
    } catch (error) {
      if ([OutputClosed, CommandBroken, CallFailed].some((kind) => error instanceof kind)) throw error;
      const reason = input.mistake() ?? refusedStream(error, rest, kind) ?? error;
      const exit = exitOfCall(reason, { method, hasEnded: await hasEnded(), isLate: time.hasPassed });
      const todo = isStreamRefused(reason, method, rest, kind) ? asOneValue : undefined;
      throw new CallFailed(
        exit,
        exit === 'deadline' ? time.over(operand) : asTyped(reason, operand, method),
        todo,
      );
    }
  });
  return statusOf('answered');
}

/** Measures the time of `--timeout`, from the dispense to the end of the call or its stream. */
class CallTime {
  /** Aborts when the time has passed, or when the user presses Ctrl-C. */
  readonly signal: AbortSignal;
  /**
   * Rejects `outputLagMs` milliseconds after the time has passed. By then the call itself has failed, unless
   * its result is being written.
   */
  readonly passed: Promise<never>;
  readonly #deadlineMs: number | undefined;
  readonly #started = performance.now();

  constructor(deadlineMs: number | undefined, interrupt: AbortSignal) {
    this.#deadlineMs = deadlineMs;
    // AbortSignal.any() with AbortSignal.timeout() is not used, because Node may collect these signals even
    // if they have listeners.
    const end = new AbortController();
    this.signal = end.signal;
    interrupt.addEventListener('abort', () => end.abort(interrupt.reason), { once: true });
    this.passed = new Promise((_, reject) => {
      if (deadlineMs === undefined) return;
      after(deadlineMs, () => end.abort());
      after(deadlineMs + outputLagMs, () =>
        reject(new CallFailed('deadline', this.over('writing the result to standard output'))),
      );
    });
    this.passed.catch(() => {});
  }

  get #elapsedMs(): number {
    return performance.now() - this.#started;
  }

  /** How much of the time is left, in milliseconds; undefined if there is no limit. */
  get leftMs(): number | undefined {
    return this.#deadlineMs === undefined ? undefined : Math.max(1, this.#deadlineMs - this.#elapsedMs);
  }

  get hasPassed(): boolean {
    return this.#deadlineMs !== undefined && this.#elapsedMs >= this.#deadlineMs - timerSlackMs;
  }

  /** Returns an error that says that `what` took too long. */
  over(what: string): PipeworkError {
    return new PipeworkError(
      'RPC_DEADLINE',
      `${what} took longer than the ${this.#deadlineMs} ms of --timeout`,
    );
  }
}

/** Calls `act` after `ms` milliseconds. The timer does not keep the process alive. */
function after(ms: number, act: () => void): void {
  setTimeout(act, ms).unref();
}

/**
 * Asks the plugin for its names, to find where NAME ends in an operand with several dots. If the plugin
 * cannot be asked, or does not answer in time, the operand is split at the last dot.
 */
async function servedTarget(
  rpc: RPCClient<Record<string, object>>,
  operand: string,
  { signal }: CallTime,
): Promise<Target> {
  const names = await rpc.describe({ dispense: false, signal }).then(
    ({ plugins }) => Object.keys(plugins),
    () => [],
  );
  return targetAmong(names, operand);
}

async function dispenseInTime(
  rpc: RPCClient<Record<string, object>>,
  name: string,
  time: CallTime,
): Promise<Remote<object>> {
  try {
    return await rpc.dispense(name, { signal: time.signal });
  } catch (error) {
    if (error !== time.signal.reason) throw error;
    throw new CallFailed('deadline', time.over(`the factory of ${name}`));
  }
}

/** Returns the index of the argument that is a stream from standard input; -1 if no argument is one. */
const streamAt = (operands: readonly string[], kind: StdinKind): number =>
  kind === 'bytes' || kind === 'ndjson' ? operands.indexOf('-') : -1;

/** Advice for a method that expects one value instead of a stream. */
const asOneValue =
  'the argument - is a stream. If the method expects one value, give it by --stdin json or --stdin text';

/** True if the contract of the method refused the stream from standard input. */
function isStreamRefused(
  error: unknown,
  method: string,
  operands: readonly string[],
  kind: StdinKind,
): boolean {
  const at = streamAt(operands, kind);
  return at >= 0 && isRefusedInput(error, method) && error.message.includes(`args[${at}]`);
}

/** Returns a usage error if standard input was passed as a stream to a plugin that takes no streams. */
function refusedStream(error: unknown, operands: readonly string[], kind: StdinKind): UsageError | undefined {
  if (streamAt(operands, kind) < 0) return undefined;
  if (!isPipeworkError(error) || error.code !== 'RPC_NOT_SERIALIZABLE' || error.sent !== false)
    return undefined;
  return new UsageError(
    'the plugin takes no streams (it does not announce "refs"). Give standard input as one value, by --stdin json or --stdin text, or bytes as the argument {"$bytes":"..."}, in base64',
    { cause: error },
  );
}

async function callAndPrint(
  remote: Remote<object>,
  method: string,
  input: Input,
  { values }: CommandLine,
  io: Io,
): Promise<void> {
  // For a name that no plugin can serve, such as toString, `in` returns false.
  if (!(method in remote))
    throw new PipeworkError(
      'RPC_UNKNOWN_METHOD',
      `${unknownMethod(method)}: no plugin can serve a method of this name`,
    );
  const methods = remote as Readonly<Record<string, (...args: readonly unknown[]) => PromiseLike<unknown>>>;
  const result = await methods[method]?.(...input.args);
  const isRaw = values.raw === true;
  if (isStream(result)) {
    for await (const item of result) await print(io, shown(item, isRaw, 0));
  } else if (result !== undefined) {
    const isTerminal = io.stdout.isTTY === true;
    const content = shown(result, isRaw, isTerminal && values.json !== true ? 2 : 0);
    // Without a line break at the end, a terminal would show the shell's prompt on the same line.
    const isOpen = isTerminal && typeof content === 'string' && !content.endsWith('\n');
    await print(io, isOpen ? `${content}\n` : content);
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function shown(value: unknown, isRaw: boolean, indent: number): string | Uint8Array {
  if (isRaw && (typeof value === 'string' || value instanceof Uint8Array)) return value;
  try {
    return `${jsonText(toJson(value), indent)}\n`;
  } catch (error) {
    if (!isTooLong(error)) throw error;
    throw new CommandBroken(
      `the JSON of the result is too long: expected at most ${constants.MAX_STRING_LENGTH.toLocaleString('en')} characters. --raw prints a text or bytes without JSON`,
      { cause: error },
    );
  }
}
