/**
 * `pipework call` makes one call and prints its result as JSON. A stream is printed as one value per line.
 */
import { isPipeworkError, PipeworkError, withCallOptions, type Remote } from '@pipework/core';
import type { Command, CommandLine } from '../command.ts';
import { CallFailed, exitOfCall, statusOf, UsageError } from '../exit-status.ts';
import { readArguments, stdinKinds, type Input, type StdinKind } from '../input.ts';
import type { Io } from '../io.ts';
import { OutputClosed, print } from '../output.ts';
import { choice, wholeNumber } from '../parse.ts';
import { pluginOptions, targetIn, watchEnd, withPlugin } from '../session.ts';
import { jsonText, toJson } from '../values.ts';

export const call: Command = {
  name: 'call',
  operands: 'NAME.METHOD [JSON...]',
  operandCount: [1, Infinity],
  takesPlugin: true,
  summary: 'Calls a method of a plugin and prints its result as JSON.',
  details: [
    'Each argument is JSON: 5, true, \'"a text"\', \'{"a":[1]}\'. The argument - is standard input, as a stream of bytes if --stdin does not say otherwise. A result that is a stream is printed as it comes, one JSON value a line. A method without a result prints nothing.',
    'What JSON lacks is written as an object, in arguments and results: {"$bytes":"aGk="}, {"$bigint":"5"}, {"$date":"2026-01-31T12:00:00.000Z"}, {"$map":[["key",1]]}, {"$set":[1]}, {"$undefined":true}, {"$number":"NaN"}, {"$buffer":"aGk="}, {"$array":["Float64Array","AAAAAAAA8D8="]}, {"$regexp":["a+","i"]}, {"$url":"https://example.com/"}, {"$error":{"message":"no"}}. An object that looks so has one $ more: {"$$date":1}.',
    'What the plugin prints goes to standard error, behind its name. The first Ctrl-C cancels the call, the second ends the plugin.',
  ],
  options: {
    timeout: { type: 'string', value: 'MS', help: 'how long the call may take; its stream too' },
    stdin: {
      type: 'string',
      choices: stdinKinds,
      help: 'what - is: a stream of bytes, a stream of values, one value, a text (bytes)',
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

/** How many milliseconds a timer may fire before its time. */
const timerSlackMs = 2;

async function run(line: CommandLine, io: Io): Promise<number> {
  const [operand = '', ...rest] = line.operands;
  const { name, method } = targetIn(operand);
  const deadlineMs = wholeNumber(line, 'timeout');
  const kind = choice(line, 'stdin', stdinKinds) ?? 'bytes';
  const input = await readArguments(rest, kind, io);
  await withPlugin(line, io, async (rpc, signal) => {
    const isClosed = watchEnd(rpc);
    const remote = await rpc.dispense(name);
    const started = performance.now();
    try {
      await callAndPrint(withCallOptions(remote, { signal, deadlineMs }), method, input, line, io);
    } catch (error) {
      if (error instanceof OutputClosed) throw error;
      const isLate = deadlineMs !== undefined && performance.now() - started >= deadlineMs - timerSlackMs;
      const reason = input.mistake() ?? refusedStream(error, rest, kind) ?? error;
      throw new CallFailed(exitOfCall(reason, { method, isClosed: await isClosed(), isLate }), reason);
    }
  });
  return statusOf('answered');
}

/** Returns the user's mistake if standard input was given as a stream to a plugin that takes no streams. */
function refusedStream(error: unknown, operands: readonly string[], kind: StdinKind): UsageError | undefined {
  const isStream = operands.includes('-') && (kind === 'bytes' || kind === 'ndjson');
  if (!isStream || !isPipeworkError(error) || error.code !== 'RPC_NOT_SERIALIZABLE' || error.sent !== false)
    return undefined;
  return new UsageError(
    'the plugin takes no streams (it does not announce "refs"). Give standard input as one value, by --stdin json or --stdin text',
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
  // A remote has some names of its own, such as toString. They are not methods of the plugin.
  if (!(method in remote))
    throw new PipeworkError(
      'RPC_UNKNOWN_METHOD',
      `can't find method Plugin.${method}: no plugin can serve a method of this name`,
    );
  const methods = remote as Readonly<Record<string, (...args: readonly unknown[]) => PromiseLike<unknown>>>;
  const result = await methods[method]?.(...input.args);
  const isRaw = values.raw === true;
  if (isStream(result)) {
    for await (const item of result) await print(io, shown(item, isRaw, 0));
  } else if (result !== undefined) {
    await print(io, shown(result, isRaw, io.stdout.isTTY === true && values.json !== true ? 2 : 0));
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function shown(value: unknown, isRaw: boolean, indent: number): string | Uint8Array {
  if (isRaw && (typeof value === 'string' || value instanceof Uint8Array)) return value;
  return `${jsonText(toJson(value), indent)}\n`;
}
