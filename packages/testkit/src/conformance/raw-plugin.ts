/**
 * The plugin under test, as a process with bare pipes. This file knows only sections 1 to 3 of
 * docs/protocol.md.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setRealTimeout } from '../real-time.ts';
import { showBytes } from '../transcript/show.ts';
import { Transcript } from '../transcript/transcript.ts';
import { concat } from '../wire/yamux.ts';
import { excerpt, type Diagnosis } from './excerpt.ts';
import { withPatience } from './patience.ts';
import { hasGroups, ProcessGroup } from './process-group.ts';
import { CheckFailure } from './verdict.ts';

/** The variables of section 2 of docs/protocol.md, without the cookie. */
const fdsKey = 'PIPEWORK_FDS';
const versionsKey = 'PIPEWORK_PROTOCOL_VERSIONS';
const capabilitiesKey = 'PIPEWORK_CAPABILITIES';
const graceKey = 'PIPEWORK_GRACE_MS';

/** How to start the plugin, and how long to wait for it. */
export interface Target {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly cookie: readonly [key: string, value: string];
  readonly service: string;
  /** How long any one answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** How long the plugin may take to write its handshake line, in milliseconds. */
  readonly startTimeoutMs: number;
}

export interface StartOptions {
  /** The cookie's value, or null for no cookie. The default is the value that the plugin expects. */
  cookie?: string | null;
  versions?: readonly number[];
  capabilities?: readonly string[];
  fds?: readonly [downstream: number, upstream: number];
  graceMs?: number;
  /** More variables, in addition to those that every plugin gets. */
  env?: Readonly<Record<string, string>>;
}

export interface RawExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const tailBytes = 4096;
const mostStderr = 8;
const mostCauses = 3;

/** Returns at most 150 characters of a line, with `?` in place of each control character. */
const printableLine = (line: string): string =>
  // eslint-disable-next-line no-control-regex
  line.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?').slice(0, 150);

export class RawPlugin {
  readonly target: Target;
  /** The numbers that the two descriptors of the protocol have in the plugin. */
  readonly fds: readonly [downstream: number, upstream: number];
  readonly transcript: Transcript = new Transcript(2_000);
  readonly exited: Promise<RawExit>;
  /** Resolves when all bytes from the plugin to the host have been read, and their pipe is closed. */
  readonly upstreamEnded: Promise<void>;
  readonly #child: ChildProcess;
  readonly #group: ProcessGroup;
  readonly #downstream: Writable;
  readonly #output: Record<'stdout' | 'stderr', Uint8Array[]> = { stdout: [], stderr: [] };
  #unread: Uint8Array[] = [];
  #onUpstream: (chunk: Uint8Array) => void = (chunk) => this.#unread.push(chunk);
  #exit: RawExit | undefined;
  #notStarted: CheckFailure | undefined;

  constructor(target: Target, options: StartOptions = {}) {
    this.target = target;
    this.fds = options.fds ?? [3, 4];
    const [down, up] = this.fds;
    const stdio = Array.from({ length: Math.max(down, up, 2) + 1 }, () => 'pipe') as StdioOptions & string[];
    if (down !== 0) stdio[0] = 'ignore';
    const env = environment(target, options);
    // The process gets its own group, so that the check can also kill a plugin that a wrapper started.
    this.#child = spawn(target.file, [...target.args], { cwd: target.cwd, env, stdio, detached: hasGroups });
    this.#group = new ProcessGroup(this.#child);
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', (error) => {
        this.#notStarted = new CheckFailure(`cannot start ${target.file}: ${error.message}`, {
          cause: error,
        });
        reject(this.#notStarted);
      });
      this.#child.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
    // A check that awaits the exit gets the error. Any other check ends at its deadline.
    this.exited.catch(ignore);
    this.#downstream = this.#child.stdio[down] as Writable;
    // The plugin may exit during a write. In that case the check sees the exit, and the EPIPE adds nothing.
    this.#downstream.on('error', ignore);
    const upstream = this.#child.stdio[up] as Readable;
    upstream.on('data', (chunk: Uint8Array) => {
      this.transcript.saw('toHost', chunk);
      this.#onUpstream(chunk);
    });
    this.upstreamEnded = new Promise((resolve) => {
      upstream.once('close', () => {
        this.transcript.note('toHost', 'end of file');
        resolve();
      });
      upstream.on('error', ignore);
    });
    for (const name of ['stdout', 'stderr'] as const) {
      if (up === 1 && name === 'stdout') continue;
      this.#child[name]?.on('data', (chunk: Uint8Array) => this.#output[name].push(chunk));
      this.#child[name]?.on('error', ignore);
    }
  }

  /** Returns the text that the process has written to its own stdout or stderr so far. */
  raw(name: 'stdout' | 'stderr'): string {
    return new TextDecoder().decode(concat(this.#output[name]));
  }

  /**
   * Waits until the process has exited. Fails the check if the exit takes longer than `ms`. A busy machine
   * gets more time.
   */
  async exit(ms: number = this.target.timeoutMs, when = ''): Promise<RawExit> {
    return await withPatience(
      this.exited,
      ms,
      (waited) =>
        new CheckFailure(`expected the plugin to exit within ${String(ms)} ms${when}; it did not ${waited}`),
    );
  }

  write(bytes: Uint8Array): void {
    this.transcript.saw('toPlugin', bytes);
    this.#downstream.write(bytes);
  }

  /** Closes descriptor 3, as a host does when it ends. */
  end(): void {
    this.transcript.note('toPlugin', 'end of file');
    this.#downstream.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.transcript.note('toPlugin', `signal ${signal}`);
    this.#child.kill(signal);
  }

  /**
   * Resolves to the handshake line, without its line break. {@link takeUpstream} passes on the bytes after
   * the line break.
   */
  async line(): Promise<string> {
    const line = new Promise<string>((resolve, reject) => {
      let held = new Uint8Array(0);
      const look = (chunk: Uint8Array): void => {
        held = Uint8Array.from(concat([held, chunk]));
        const end = held.indexOf(10);
        if (end > 4096 || (end < 0 && held.length > 4096)) {
          reject(new CheckFailure('expected a handshake line of at most 4096 bytes; got a longer one'));
        } else if (end >= 0) {
          this.#onUpstream = (more) => this.#unread.push(more);
          this.#unread = [held.slice(end + 1)];
          resolve(new TextDecoder('latin1').decode(held.subarray(0, end)).replace(/\r$/, ''));
        }
      };
      this.#onUpstream = look;
      for (const chunk of this.#unread.splice(0)) look(chunk);
      void this.upstreamEnded.then(() => {
        const came = held.length === 0 ? 'nothing' : showBytes(held);
        reject(
          this.#notStarted ??
            new CheckFailure(
              `expected a handshake line; descriptor ${String(this.fds[1])} ended after ${came}`,
            ),
        );
      });
    });
    const ms = this.target.startTimeoutMs;
    return await withPatience(
      line,
      ms,
      (waited) => new CheckFailure(`expected a handshake line within ${String(ms)} ms; none came ${waited}`),
    );
  }

  /**
   * From now on, `onChunk` receives everything that the plugin sends. The first bytes are those after the
   * handshake line.
   */
  takeUpstream(onChunk: (chunk: Uint8Array) => void): void {
    this.#onUpstream = onChunk;
    for (const chunk of this.#unread.splice(0)) onChunk(chunk);
  }

  /**
   * Returns all bytes from the plugin that no reader has taken. Call this function after the exit of a plugin
   * that should have written nothing, or only garbage.
   */
  unreadUpstream(): Uint8Array {
    return concat(this.#unread);
  }

  /** Returns at most `lines` lines that explain a failure to a person. */
  report(lines: number, { causes, streams }: Diagnosis): string[] {
    if (this.#notStarted !== undefined) return [];
    const parts = causes.slice(0, mostCauses).map((cause) => `likely cause: ${cause}`);
    if (this.#exit !== undefined) parts.push(`the plugin ended with ${describeExit(this.#exit)}`);
    const stderr = this.raw('stderr').slice(-tailBytes).trimEnd();
    if (stderr !== '') parts.push('its stderr:', ...stderr.split('\n').slice(-mostStderr).map(printableLine));
    const { entries } = this.transcript;
    if (entries.length === 0) {
      parts.push(
        'nothing came on the pipe: a plugin writes its handshake line there unasked, and flushes it',
      );
      return parts.slice(0, lines);
    }
    return [...parts, 'the wire:', ...excerpt(entries, lines - parts.length - 1, streams)];
  }

  /** Kills the process and what is left of its group. Resolves when the process has exited. */
  async dispose(): Promise<void> {
    if (this.#group.kill()) await this.exited;
    // A grandchild may hold the pipes open, so they are destroyed here. No check reads the bytes that are
    // left in the pipes.
    for (const stream of this.#child.stdio) stream?.destroy();
  }
}

export const describeExit = ({ code, signal }: RawExit): string =>
  signal === null ? `exit status ${String(code)}` : `signal ${signal}`;

function environment(target: Target, options: StartOptions): NodeJS.ProcessEnv {
  const [key, value] = target.cookie;
  const env: NodeJS.ProcessEnv = { ...process.env, ...target.env };
  for (const name of Object.keys(env)) if (name === key || name.startsWith('PIPEWORK_')) delete env[name];
  if (options.cookie !== null) env[key] = options.cookie ?? value;
  env[fdsKey] = (options.fds ?? [3, 4]).join(',');
  env[versionsKey] = (options.versions ?? [1]).join(',');
  env[capabilitiesKey] = (options.capabilities ?? []).join(',');
  env[graceKey] = String(options.graceMs ?? 2000);
  Object.assign(env, options.env);
  return env;
}

function ignore(): void {
  // The comment at each use says why an error needs no action.
}

/**
 * Fails the check unless `promise` settles in time. A busy machine gets more time. `what` completes "expected
 * ...".
 */
export const expectWithin = <T>(promise: PromiseLike<T>, ms: number, what: string): Promise<T> =>
  withPatience(promise, ms, (waited) => new CheckFailure(notWithin(what, ms, waited)));

/** Returns the message of a failed wait. `waited` says how long the wait was. */
export const notWithin = (what: string, ms: number, waited: string): string =>
  `expected ${what} within ${String(ms)} ms; nothing came ${waited}`;

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setRealTimeout(resolve, ms);
  });
