/** One plugin for one command: started, its output sent to standard error, ended on every way out. */
import { basename } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Client, printable, type RPCClient } from '@pipework/core';
import type { CommandLine, OptionSpec } from './command.ts';
import { Interrupted, UsageError } from './exit-status.ts';
import { styler, type Io } from './io.ts';
import { cookieOf, wholeNumber } from './parse.ts';
import { isInterpreter } from './program.ts';

/** Options of each command that starts a plugin. */
export const pluginOptions: Readonly<Record<string, OptionSpec>> = {
  'start-timeout': {
    type: 'string',
    value: 'MS',
    help: 'how long the plugin may take to start (60000)',
  },
  protocol: {
    type: 'string',
    value: 'N',
    help: 'the protocol version to agree on (the highest that the plugin has)',
  },
  cookie: { type: 'string', value: 'KEY=VALUE', help: 'the magic cookie, if the plugin expects another' },
};

/** A command has no contract that would bind it to a version, so that it takes whichever the plugin offers. */
const anyVersion: readonly number[] = Array.from({ length: 64 }, (_, index) => index + 1);

/** How long a plugin may take to end after a second Ctrl-C, in milliseconds. */
const hurriedGraceMs = 1;

/** How many characters of one line of a plugin are held until it ends. */
const maxLineLength = 64 * 1024;

type Use<T> = (rpc: RPCClient<Record<string, object>>, signal: AbortSignal) => Promise<T>;

/**
 * Starts the plugin and gives `use` a connection to it. Ctrl-C aborts the signal, and rejects with Interrupted once the plugin has
 * ended politely. A second one ends it at once. `services` are names under which the plugin finds a service without methods.
 */
export async function withPlugin<T>(
  line: CommandLine,
  io: Io,
  use: Use<T>,
  services: readonly string[] = [],
): Promise<T> {
  const outputs = [0, 1, 2, 3].map(() => new PluginOutput(line.plugin, io));
  const client = makeClient(line, io, outputs, services);
  const interrupt = new AbortController();
  const { signal } = interrupt;
  const stopListening = io.onInterrupt(() => {
    if (signal.aborted) void client.kill({ gracePeriod: hurriedGraceMs });
    else {
      interrupt.abort(new Interrupted());
      // A start has no call to cancel.
      if (client.pid === undefined || client.negotiatedVersion === undefined) void client.kill();
    }
  });
  try {
    const rpc = await client.client();
    return await Promise.race([use(rpc, signal), aborted(signal)]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await client.kill();
    stopListening();
    for (const output of outputs) output.flush();
  }
}

/** Returns what tells whether the connection has ended by now. An end in this same turn counts. */
export function watchEnd(rpc: Pick<RPCClient, 'closed'>): () => Promise<boolean> {
  let isClosed = false;
  void rpc.closed.then(() => {
    isClosed = true;
  });
  return async () => {
    if (!isClosed) await nextTurn();
    return isClosed;
  };
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
    // Without a method: enough for a factory that only asks for the service.
    provide: Object.fromEntries(services.map((name) => [name, () => ({})])),
    protocolVersions: protocol === undefined ? anyVersion : [protocol],
    ...(startTimeout === undefined ? {} : { startTimeout }),
    ...(handshake === undefined ? {} : { handshake }),
    ...(stdout && stderr && syncStdout && syncStderr ? { stdout, stderr, syncStdout, syncStderr } : {}),
  });
}

/** The variables that have a value. */
export function definedIn(env: Io['env']): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

/** What a plugin is called in front of its output: its script if an interpreter runs one, else its program. */
export function pluginName([file = '', ...args]: readonly string[]): string {
  const program = basename(file);
  if (!isInterpreter(file)) return program;
  // Behind such an option stands the program's text.
  const evalAt = args.findIndex((arg) => /^(?:-[ecp]|--eval|--print)$/.test(arg));
  const before = evalAt < 0 ? args : args.slice(0, evalAt);
  const script = before.find((arg) => !arg.startsWith('-') && /[./\\]/.test(arg));
  return script === undefined ? program : basename(script);
}

/** Whole lines of one output of the plugin, each behind its name, on standard error. */
class PluginOutput extends Writable {
  readonly #io: Io;
  readonly #prefix: string;
  readonly #decoder = new StringDecoder('utf8');
  #line = '';

  constructor(plugin: readonly string[], io: Io) {
    super();
    this.#io = io;
    this.#prefix = styler(io, 'stderr')('dim', `[${printable(pluginName(plugin))}]`);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const lines = (this.#line + this.#decoder.write(chunk)).split('\n');
    this.#line = lines.pop() ?? '';
    if (this.#line.length > maxLineLength) lines.push(this.#take());
    this.#show(lines, done);
  }

  /** Shows what has no line break behind it. */
  flush(): void {
    this.#line += this.#decoder.end();
    if (this.#line !== '') this.#show([this.#take()], () => {});
  }

  #take(): string {
    const line = this.#line;
    this.#line = '';
    return line;
  }

  /** Calls `done` once standard error has taken the lines, so that a flood waits in the plugin. */
  #show(lines: readonly string[], done: () => void): void {
    if (lines.length === 0) return done();
    const shown = lines.map((line) => `${this.#prefix} ${printable(line.replace(/\r$/, ''))}\n`).join('');
    // A reader of standard error that has gone is no reason to end the call.
    this.#io.stderr.write(shown, () => done());
  }
}

/** The two parts of NAME.METHOD. Names may have dots, methods of ordinary plugins have none. */
export function targetIn(operand: string): { readonly name: string; readonly method: string } {
  const at = operand.lastIndexOf('.');
  if (at < 1 || at === operand.length - 1)
    throw new UsageError(`expected NAME.METHOD, such as greeter.greet; got ${JSON.stringify(operand)}`);
  return { name: operand.slice(0, at), method: operand.slice(at + 1) };
}
