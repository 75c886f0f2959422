/** Asserts that a connection, a piece of work, or the whole process so far has left nothing open. */
import type { Client, RPCClient } from '@pipework/core';
import { realNow, realSleep, realTurn } from '../real-time.ts';
import { newFiles, openDescriptors } from './descriptors.ts';
import { hasLaunched, openThings, scopes, type LeakScope, type OpenThing } from './open-things.ts';
import { LeakWatch } from './resources.ts';

/** The error for things that were left open. The message lists these things. */
export class LeakError extends Error {
  /** The name that distinguishes this error from others. */
  override readonly name = 'LeakError';
  /** One sentence for each thing that was left open. */
  readonly leaks: readonly string[];

  constructor(leaks: readonly string[]) {
    super(
      `${String(leaks.length)} ${leaks.length === 1 ? 'thing is' : 'things are'} left over:\n${leaks.map(bullet).join('\n')}`,
    );
    this.leaks = leaks;
  }
}

const bullet = (text: string): string => `- ${text.replaceAll('\n', '\n    ')}`;

/** Options of {@link expectNoLeaks}. */
export interface LeakOptions {
  /** How long things may take to end, in milliseconds. The default is 1000. */
  readonly settleMs?: number;
}

/**
 * The connection to check. This is the result of `connect` or `launch`, or core's own client or connection.
 */
export type LeakSubject =
  { readonly rpc: Pick<RPCClient, 'diagnostics'> } | Pick<RPCClient, 'diagnostics'> | Pick<Client, 'client'>;

/**
 * Rejects with a `LeakError` if something is left open after one second, or after `settleMs`. The error lists
 * these things.
 *
 * - `expectNoLeaks()` demands that no client and no pair is open in this process. The process must also have
 *   no more children, descriptors or active timers than when the kit was loaded. Use this form in tests that
 *   run one after another.
 * - `expectNoLeaks(work)` runs `work`, and resolves to its result as soon as everything that began in `work`
 *   has ended. This form is safe beside concurrent tests, because it looks only at things that `work` began.
 * - `expectNoLeaks(pair)` and `expectNoLeaks(client)` demand that the open connection is at rest. At rest, it
 *   has no pending or running call, no stream of values and no reference.
 */
export async function expectNoLeaks(): Promise<void>;
/**
 * Runs `work`, and resolves to its result as soon as everything that began in `work` has ended. If something
 * has not ended after `settleMs`, rejects with a {@link LeakError}. This form is safe beside concurrent
 * tests, because it looks only at things that `work` began.
 */
export async function expectNoLeaks<T>(work: () => T | Promise<T>, options?: LeakOptions): Promise<T>;
/**
 * Resolves as soon as the open connection of a pair or a client is at rest. At rest, a connection has no
 * pending or running call, no stream of values and no reference. If the connection is not at rest after
 * `settleMs`, rejects with a {@link LeakError}.
 */
export async function expectNoLeaks(subject: LeakSubject, options?: LeakOptions): Promise<void>;
export async function expectNoLeaks(
  subject?: LeakSubject | (() => unknown),
  options: LeakOptions = {},
): Promise<unknown> {
  const { settleMs = 1_000 } = options;
  if (typeof subject === 'function') return await leaklessly(subject, settleMs);
  if (subject === undefined) {
    await demandNothing(leaksOfProcess, settleMs);
    return undefined;
  }
  if (typeof subject !== 'object' || subject === null)
    throw new TypeError(`expectNoLeaks: expected a function, a pair or a client; got ${String(subject)}`);
  const rpc = 'rpc' in subject ? subject.rpc : 'client' in subject ? await subject.client() : subject;
  await demandNothing(() => leaksOfConnection('the connection', rpc), settleMs);
  return undefined;
}

/**
 * How many pieces of `work` run now, and how many have begun. Node does not report which piece opened a file.
 * So newly opened files count only for a piece that ran alone.
 */
let underWay = 0;
let begun = 0;

async function leaklessly(work: () => unknown, settleMs: number): Promise<unknown> {
  const scope: LeakScope = { open: new Set() };
  const watch = new LeakWatch(scope);
  const isFirst = underWay++ === 0;
  const place = ++begun;
  const before = openDescriptors();
  try {
    const result = await scopes.run(scope, async () => await work());
    await demandNothing(() => {
      const isAlone = isFirst && place === begun;
      const open = [...scope.open].flatMap(describeOpen);
      // If a client is listed, its process, pipes and timers are not listed separately.
      const isNamed = [...scope.open].some(({ isProcess }) => isProcess);
      const begunHere = watch
        .live()
        .filter(({ isOfClient }) => !isNamed || !isOfClient)
        .map(({ kind, stack }) => `a ${kind}, begun\n${stack}`);
      return [...open, ...begunHere, ...(isAlone ? newFiles(before) : [])];
    }, settleMs);
    return result;
  } finally {
    underWay--;
    watch.end();
  }
}

/**
 * Calls `look` again and again until it returns an empty list. Rejects with a {@link LeakError} if the list
 * is not empty after `settleMs`.
 */
async function demandNothing(look: () => string[], settleMs: number): Promise<void> {
  const deadline = realNow() + settleMs;
  await realTurn();
  let leaks = look();
  while (leaks.length > 0 && realNow() < deadline) {
    await realSleep(5);
    leaks = look();
  }
  if (leaks.length > 0) throw new LeakError(leaks);
}

function describeOpen({ what, stack, rpc }: OpenThing): string[] {
  return [`${what} is open, opened ${stack}`, ...(rpc === undefined ? [] : leaksOfConnection(what, rpc))];
}

function leaksOfConnection(what: string, rpc: Pick<RPCClient, 'diagnostics'>): string[] {
  const { pendingCalls, runningCalls, references, valueStreams } = rpc.diagnostics();
  const counts: [number, string][] = [
    [pendingCalls, 'pending call'],
    [runningCalls, 'running call'],
    [references, 'reference'],
    [valueStreams, 'open stream'],
  ];
  return counts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${String(count)} ${word}${count === 1 ? '' : 's'} on ${what}`);
}

/** Maps the names that `process.getActiveResourcesInfo()` returns to names for people. */
const counted: Readonly<Record<string, string>> = {
  ProcessWrap: 'child process',
  PipeWrap: 'pipe',
  TCPSocketWrap: 'socket',
  TCPServerWrap: 'server',
  FSReqCallback: 'file operation',
  Timeout: 'timer',
};

type Census = Readonly<Record<string, number>>;

function census(): Census {
  const counts: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) {
    const word = counted[type];
    if (word !== undefined) counts[word] = (counts[word] ?? 0) + 1;
  }
  counts['descriptor'] = openDescriptors().size;
  return counts;
}

const atLoad = census();

function leaksOfProcess(): string[] {
  const now = census();
  const more = Object.entries(now)
    .map(([word, count]) => ({ word, more: count - (atLoad[word] ?? 0) - allowance(word) }))
    .filter(({ more }) => more > 0)
    .map(
      ({ word, more }) =>
        `${String(more)} more ${word}${more === 1 ? '' : word.endsWith('s') ? 'es' : 's'} than when the kit was loaded`,
    );
  const open = openThings();
  // If a client is listed, the counts are left out, because they include the client's own handles.
  return [...open.flatMap(describeOpen), ...(open.some(({ isProcess }) => isProcess) ? [] : more)];
}

/**
 * Returns how many more things may be open than when the kit was loaded. After core has started a real
 * process, this is one descriptor: the pipe to the reaper, which ends plugins that outlive their host.
 */
const allowance = (word: string): number => (word === 'descriptor' && hasLaunched() ? 1 : 0);
