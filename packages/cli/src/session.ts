/**
 * Starts a plugin for a command, shows the plugin's output on standard error, and ends the plugin when the
 * command ends or fails.
 */
import { basename } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Client, printable, type Logger, type RPCClient } from '@pipework/core';
import type { CommandLine, OptionSpec } from './command.ts';
import { Interrupted, UsageError } from './exit-status.ts';
import { styler, type Io } from './io.ts';
import { cookieOf, wholeNumber } from './parse.ts';
import { isInterpreter } from './program.ts';
import { warningLine } from './report.ts';
import { inCommandWords } from './start-advice.ts';

/** The highest protocol version that a command uses without `--protocol`. */
const highestVersion = 64;

/** Options of every command that starts a plugin. */
export const pluginOptions: Readonly<Record<string, OptionSpec>> = {
  'start-timeout': {
    type: 'string',
    value: 'MS',
    help: 'how long the plugin may take to start (60000)',
  },
  protocol: {
    type: 'string',
    value: 'N',
    help: `the protocol version to use (the plugin's highest up to ${highestVersion})`,
  },
  cookie: { type: 'string', value: 'KEY=VALUE', help: 'the magic cookie, if it is not the default' },
};

/**
 * The protocol versions that a command accepts. A command has no contract, so it works with any version that
 * the plugin offers.
 */
const anyVersion: readonly number[] = Array.from({ length: highestVersion }, (_, index) => index + 1);

/** How long a plugin may take to end after a second Ctrl-C, in milliseconds. */
const hurriedGraceMs = 1;

/** The sentences of the help about Ctrl-C. The 2 seconds are the client's default `gracePeriod`. */
export const interruptHelp =
  'The first Ctrl-C cancels running calls and asks the plugin to leave. If the plugin does not leave within 2 seconds, or at the second Ctrl-C, signals end it, within 2 seconds more.';

/**
 * How many characters without a line break are kept until they are shown. A longer line is shown in parts.
 */
const maxLineLength = 64 * 1024;

/** How many characters of output are shown before the plugin has started. */
const maxEarlyOutput = 64 * 1024;

type Use<T> = (rpc: RPCClient<Record<string, object>>, signal: AbortSignal) => Promise<T>;

/**
 * Starts the plugin, and calls `use` with a connection to it and a signal. At the first Ctrl-C, aborts that
 * signal, asks the plugin to leave, and rejects with Interrupted. At the second Ctrl-C, ends the plugin
 * immediately. For each name in `services`, provides a service without methods.
 */
export async function withPlugin<T>(
  line: CommandLine,
  io: Io,
  use: Use<T>,
  services: readonly string[] = [],
): Promise<T> {
  const early = new EarlyOutput();
  const outputs = [0, 1, 2, 3].map(() => new PluginOutput(line.plugin, io, early));
  const client = makeClient(line, io, outputs, services);
  const interrupt = new AbortController();
  const { signal } = interrupt;
  const stopListening = io.onInterrupt(() => {
    if (signal.aborted) void client.kill({ gracePeriod: hurriedGraceMs });
    else {
      interrupt.abort(new Interrupted());
      // While the plugin starts, no call listens to the signal, so the plugin is asked to leave here.
      if (client.pid === undefined || client.negotiatedVersion === undefined) void client.kill();
    }
  });
  try {
    const rpc = await client.client();
    early.end();
    return await Promise.race([use(rpc, signal), aborted(signal)]);
  } catch (error) {
    signal.throwIfAborted();
    throw inCommandWords(error, line);
  } finally {
    await client.kill();
    stopListening();
    for (const output of outputs) output.flush();
  }
}

/**
 * Returns a function that resolves to true if the connection has ended. The function waits one turn of the
 * event loop first, so that it also notices an end in the current turn.
 */
export function watchEnd(rpc: Pick<RPCClient, 'closed'>): () => Promise<boolean> {
  let hasEnded = false;
  void rpc.closed.then(() => {
    hasEnded = true;
  });
  return async () => {
    if (!hasEnded) await nextTurn();
    return hasEnded;
  };
}

/** Settles like `promise`, but rejects with Interrupted if the user presses Ctrl-C first. */
export async function orInterrupted<T>(io: Io, promise: Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const stopListening = io.onInterrupt(() => interrupt.abort(new Interrupted()));
  try {
    return await Promise.race([promise, aborted(interrupt.signal)]);
  } finally {
    stopListening();
  }
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}

function makeClient(
  line: CommandLine,
  io: Io,
  outputs: readonly PluginOutput[],
  services: readonly string[],
): Client<Record<string, object>> {
  const [file = '', ...args] = line.plugin;
  const startTimeout = wholeNumber(line, 'start-timeout');
  const protocol = wholeNumber(line, 'protocol');
  const handshake = cookieOf(line);
  const [stdout, stderr, syncStdout, syncStderr] = outputs;
  return new Client({
    cmd: { file, args, cwd: io.cwd },
    env: { inherit: false, set: definedIn(io.env) },
    name: pluginName(line.plugin),
    managed: true,
    // Because of this option, all processes of the command line end together, for example a wrapper, the
    // plugin and its children.
    processGroup: true,
    logger: warnings(line, io),
    // These services have no methods, which is enough for a factory that only dispenses them.
    provide: Object.fromEntries(services.map((name) => [name, () => ({})])),
    protocolVersions: protocol === undefined ? anyVersion : [protocol],
    ...(startTimeout === undefined ? {} : { startTimeout }),
    ...(handshake === undefined ? {} : { handshake }),
    ...(stdout && stderr && syncStdout && syncStderr ? { stdout, stderr, syncStdout, syncStderr } : {}),
  });
}

/**
 * Returns a logger that prints only the client's own warnings. `PluginOutput` prints the plugin's output, and
 * the error of the command says how the plugin ended.
 */
function warnings({ values }: CommandLine, io: Io): Logger {
  const logger = {
    // Because of this property, `warn` gets the fields before the message, and the message is not escaped for
    // a format.
    bindings: () => ({}),
    warn: ({ stream }: { readonly stream?: unknown }, message: string) => {
      if (stream === undefined) io.stderr.write(warningLine(message, io, values.json === true));
    },
    error: () => {},
  };
  return logger;
}

/** Returns the variables that have a value. */
export function definedIn(env: Io['env']): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

/**
 * Returns the name that is printed before the plugin's output: the script's name if an interpreter runs a
 * script, or else the program's name.
 */
export function pluginName([file = '', ...args]: readonly string[]): string {
  const program = basename(file);
  if (!isInterpreter(file)) return program;
  // Such an option is followed by the text of a program, so there is no script.
  const evalAt = args.findIndex((arg) => /^(?:-[ecp]|--eval|--print)$/.test(arg));
  const before = evalAt < 0 ? args : args.slice(0, evalAt);
  const script = before.find((arg) => !arg.startsWith('-') && /[./\\]/.test(arg));
  return script === undefined ? program : basename(script);
}

/**
 * Limits the output that is shown before the plugin has started, because a program that is not a plugin may
 * print without end.
 */
class EarlyOutput {
  #left = maxEarlyOutput;

  /** Returns how many of the next `length` characters are shown. */
  take(length: number): number {
    const taken = Math.min(length, this.#left);
    this.#left -= taken;
    return taken;
  }

  /** Removes the limit, because the plugin has started. */
  end(): void {
    this.#left = Infinity;
  }
}

/**
 * Writes the lines of one output of the plugin to standard error. Each line begins with the plugin's name.
 */
class PluginOutput extends Writable {
  readonly #io: Io;
  readonly #prefix: string;
  readonly #decoder = new StringDecoder('utf8');
  readonly #early: EarlyOutput;
  #line = '';
  #leftOut = 0;

  constructor(plugin: readonly string[], io: Io, early: EarlyOutput) {
    super();
    this.#early = early;
    this.#io = io;
    this.#prefix = styler(io, 'stderr')('dim', `[${printable(pluginName(plugin))}]`);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const lines = (this.#line + this.#decoder.write(chunk)).split('\n');
    this.#line = lines.pop() ?? '';
    if (this.#line.length > maxLineLength) lines.push(this.#take());
    this.#show(lines, done);
  }

  /** Shows the last line if it has no line break. Called at the end of the output. */
  flush(): void {
    this.#line += this.#decoder.end();
    this.#show(this.#line === '' ? [] : [this.#take()], () => {});
    if (this.#leftOut > 0) this.#io.stderr.write(this.#mark());
  }

  /** Returns a line that says how many characters were left out. */
  #mark(): string {
    const count = this.#leftOut.toLocaleString('en');
    this.#leftOut = 0;
    return `${this.#prefix} (${count} characters are left out, which the plugin printed before it started)\n`;
  }

  #take(): string {
    const line = this.#line;
    this.#line = '';
    return line;
  }

  /**
   * Calls `done` after standard error has accepted the lines. So if the plugin prints faster than standard
   * error accepts lines, the output waits inside the plugin.
   */
  #show(lines: readonly string[], done: () => void): void {
    const shown: string[] = [];
    for (const line of lines) {
      const length = this.#early.take(line.length + 1);
      this.#leftOut += line.length + 1 - length;
      if (length === 0) continue;
      if (length === line.length + 1 && this.#leftOut > 0) shown.push(this.#mark());
      shown.push(`${this.#prefix} ${printable(line.slice(0, length).replace(/\r$/, ''))}\n`);
    }
    if (shown.length === 0) return done();
    // If the reader of standard error has closed the stream, the call continues.
    this.#io.stderr.write(shown.join(''), () => done());
  }
}

/** The parts of NAME.METHOD. */
export interface Target {
  readonly name: string;
  readonly method: string;
}

/** Returns the two parts of NAME.METHOD, split at the last dot. */
export function targetIn(operand: string): Target {
  const at = operand.lastIndexOf('.');
  if (at < 1 || at === operand.length - 1)
    throw new UsageError(`expected NAME.METHOD, such as greeter.greet; got ${JSON.stringify(operand)}`);
  return { name: operand.slice(0, at), method: operand.slice(at + 1) };
}

/**
 * Returns the two parts of NAME.METHOD for a plugin that serves `names`. Names and methods may have dots. The
 * operand is split after the longest served name with which it begins, or at the last dot if there is none.
 */
export function targetAmong(names: readonly string[], operand: string): Target {
  const name = names
    .filter((one) => operand.startsWith(`${one}.`) && operand.length > one.length + 1)
    .reduce((longest, one) => (one.length > longest.length ? one : longest), '');
  return name === '' ? targetIn(operand) : { name, method: operand.slice(name.length + 1) };
}
