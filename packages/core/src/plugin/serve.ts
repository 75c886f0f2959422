/**
 * `serve()`, the main function of a plugin. It checks that a host started the process, writes the handshake
 * line, and serves until the host has ended the session or is gone.
 */

import { PassThrough, type Readable } from 'node:stream';
import { PipeworkError } from '../base/errors.ts';
import { realTimers } from '../base/timers.ts';
import { hasCookie, lostDescriptorsMark, takeHostGreeting, type HostGreeting } from '../handshake/env.ts';
import { formatLine } from '../handshake/line.ts';
import { chooseVersion } from '../handshake/negotiate.ts';
import { pluginCapabilities } from '../session/capabilities.ts';
import { openPipes } from './process/open-pipes.ts';
import { flushAtExit } from './process/exit-flush.ts';
import { createLogger } from './logger.ts';
import { checkServeOptions, type ServeOptions, type ServeSettings, type ServeTransport } from './options.ts';
import { packageIdentity, type Identity } from './identity.ts';
import { PluginEnd } from './plugin-end.ts';
import { emptyStdin, redirectProcess, writableTo } from './process/stdio.ts';
import { SyncedOutput } from './process/synced-output.ts';
import { whyNotPipes } from './process/why-not-pipes.ts';
import { writeAllSync } from './process/write-sync.ts';
import { followHost } from './signals.ts';

/** Open handles, and code after `await serve()`, may keep the process alive for this many milliseconds. */
const lingerMs = 250;
/** A plugin that serves over a `transport` waits this many milliseconds for its last output to be sent. */
const lastOutputMs = 500;

let isServing = false;

/**
 * Serves `options.plugins` to the host that started this process. Resolves when the host has ended the
 * session or is gone. After that, the process exits within 250 ms. While `serve()` runs, the output of
 * `process.stdout`, `process.stderr` and the console is sent to the host. SIGINT and SIGHUP are ignored,
 * because a terminal sends them to the host as well. After a first SIGTERM, the plugin waits at most 10
 * seconds for the host to end it. After a second SIGTERM, the plugin leaves immediately, as if the host had
 * asked it to leave.
 *
 * If no host started the program, prints a message on standard error and exits with status 1. Rejects with
 * `CONFIG_INVALID` if an option is invalid.
 *
 * @example
 * ```ts
 * import { serve } from '@pipework/core/plugin';
 *
 * await serve({ plugins: { greeter: () => ({ greet: (name: string) => `Hello, ${name}!` }) } });
 * ```
 */
export async function serve<P = Record<string, object>, S = Record<never, never>>(
  options: ServeOptions<P, S>,
): Promise<void> {
  const settings = checkServeOptions(options);
  if (settings.transport !== undefined) return serveOver(settings, settings.transport);
  if (isServing) {
    throw new PipeworkError(
      'MISUSE',
      'serve() was called twice: a process serves one host, with all its plugins in one call',
    );
  }
  isServing = true;
  return serveProcess(settings);
}

async function serveProcess(settings: ServeSettings): Promise<void> {
  if (!hasCookie(process.env, settings.handshake)) refuse(runByHand);
  const greeting = takeHostGreeting(process.env, settings.handshake);
  const [from, to] = greeting.fds;
  const problem = whyNotPipes(greeting.fds);
  if (problem !== undefined) refuse(lostDescriptors(greeting.fds, problem));
  const protocolVersion = chooseVersion([...settings.sets.keys()], greeting.protocolVersions);
  followHost({ hasHostEnded: () => downstream.hasEnded, quit: (budgetMs) => end.quit(budgetMs) });
  // The line is written before this side sets up its end of the session. So the host can set up its own end
  // at the same time. The socket sends the bytes that could not be written synchronously. On Deno, the socket
  // sends the whole line.
  const greetingLine = Buffer.from(lineOf(settings, greeting, protocolVersion));
  const unsent = writeAllSync(to, greetingLine);
  const { downstream, upstream } = takePipes(from, to);
  if (unsent > 0) upstream.write(greetingLine.subarray(-unsent));
  // If the host never opens an output's stream, the output is written to descriptor 1 or 2. If descriptor 1
  // carries the protocol, both outputs are written to descriptor 2.
  const stdout = new SyncedOutput((bytes) => void writeAllSync(to === 1 ? 2 : 1, bytes));
  const stderr = new SyncedOutput((bytes) => void writeAllSync(2, bytes));
  redirectProcess(stdout, stderr, [from, to]);
  if (from === 0) emptyStdin();
  const end = new PluginEnd({
    readable: downstream,
    writable: upstream,
    settings,
    greeting,
    protocolVersion,
    identity: () => ({ ...packageIdentity(process.argv[1]), ...given(settings) }),
    stdout,
    stderr,
    context: {
      stdout: process.stdout,
      stderr: process.stderr,
      log: createLogger(greeting.logLevel, (line) => void writeAllSync(2, Buffer.from(line))),
      terminals: greeting.terminals,
      protocolVersion,
    },
  });
  flushAtExit({ session: end.session, upstream, downstream, outputs: [stdout, stderr] });
  downstream.onHostEnd = () => end.hostEnded();
  downstream.onLent = (chunk) => end.session.feed(chunk);
  await end.done;
  // The host has left, so timers and sockets of the plugin must not keep the process alive.
  realTimers.setTimeout(() => process.exit(), end.hostIsGone ? 0 : lingerMs).unref();
}

async function serveOver(settings: ServeSettings, transport: ServeTransport): Promise<void> {
  const env = { ...transport.env };
  if (!hasCookie(env, settings.handshake)) {
    throw new PipeworkError(
      'HANDSHAKE_COOKIE',
      `the environment has no magic cookie ${settings.handshake.magicCookieKey} of the expected value`,
    );
  }
  const greeting = takeHostGreeting(env, settings.handshake);
  const stdout = new SyncedOutput(() => {});
  const stderr = new SyncedOutput(() => {});
  const { readable, releaseEnd } = holdEnd(transport.readable, () => end.hostEnded());
  const protocolVersion = chooseVersion([...settings.sets.keys()], greeting.protocolVersions);
  const end = new PluginEnd({
    readable,
    writable: transport.writable,
    settings,
    greeting,
    protocolVersion,
    identity: () => settings,
    stdout,
    stderr,
    context: {
      stdout: writableTo(stdout),
      stderr: writableTo(stderr),
      log: createLogger(greeting.logLevel, (line) => void transport.stderr?.write(line)),
      terminals: greeting.terminals,
      protocolVersion,
    },
  });
  transport.writable.write(lineOf(settings, greeting, protocolVersion));
  await end.done;
  await Promise.all([stdout, stderr].map((output) => output.flushed(lastOutputMs, lastOutputMs)));
  stdout.finish();
  stderr.finish();
  const closed = end.session.close();
  // close() waits for the end of the host's bytes, so the session must see this end now.
  releaseEnd();
  await closed;
}

/** Returns the name and version from the options, without absent ones. */
function given({ name, version }: ServeSettings): Identity {
  return { ...(name === undefined ? {} : { name }), ...(version === undefined ? {} : { version }) };
}

/**
 * Opens the host's pipes. If the program itself already reads or writes one of the pipes, prints a message
 * and exits with status 1.
 */
function takePipes(from: number, to: number): ReturnType<typeof openPipes> {
  try {
    return openPipes(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') refuse(takenDescriptors(from, to));
    throw error;
  }
}

/**
 * Hides the end of `source` from the session until `releaseEnd()` is called. The plugin may print output
 * while it leaves, and this output needs the session.
 */
function holdEnd(source: Readable, onEnd: () => void): { readable: Readable; releaseEnd(): void } {
  const readable = new PassThrough();
  source.pipe(readable, { end: false });
  source.once('end', onEnd);
  source.once('close', onEnd);
  return { readable, releaseEnd: () => readable.end() };
}

function lineOf(settings: ServeSettings, greeting: HostGreeting, protocolVersion: number): string {
  return formatLine({
    address: greeting.fds.join(','),
    protocolVersion,
    capabilities: pluginCapabilities,
    protocolVersions: [...settings.sets.keys()],
  });
}

const runByHand = `This program is a plugin: it is not meant to be run by hand.
Run the program that uses the plugin. That program finds and starts its plugins.
`;

function lostDescriptors(fds: readonly number[], problem: string): string {
  return `${lostDescriptorsMark} ${fds.join(' and ')} of the host did not reach this plugin: ${problem}.
A program between the two (npx, tsx, a shell script) passes on no descriptors beyond 0, 1 and 2.
Let the host start the plugin itself (for TypeScript: node --import tsx plugin.ts), or use overStdio().
`;
}

function takenDescriptors(from: number, to: number): string {
  const stdin = from === 0 ? ' Descriptor 0 is process.stdin: with overStdio() it carries the protocol.' : '';
  return `pipework: descriptors ${from} and ${to} lead to the host, and this program reads or writes them itself.${stdin}
Leave them alone, at least until serve() has been called.
`;
}

function refuse(text: string): never {
  writeAllSync(2, Buffer.from(text));
  process.exit(1);
}
