/** Asserts that nothing is left over: of a connection, of a piece of work, or of everything so far. */
import type { Client, RPCClient } from '@pipework/core';
import { realNow, realSleep, realTurn } from '../real-time.ts';
import { newFiles, openDescriptors } from './descriptors.ts';
import { hasLaunched, openThings, scopes, type LeakScope, type OpenThing } from './open-things.ts';
import { ResourceWatch } from './resources.ts';

/** Something was left over; the message lists it. */
export class LeakError extends Error {
  /** Tells the error apart from others. */
  override readonly name = 'LeakError';
  /** A sentence for each thing. */
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
  /** How long things may take to end, in milliseconds: 1000 when absent. */
  readonly settleMs?: number;
}

/** A connection that is to be at rest: of `connect`, of `launch`, or core's own. */
export type LeakSubject =
  { readonly rpc: Pick<RPCClient, 'diagnostics'> } | Pick<RPCClient, 'diagnostics'> | Pick<Client, 'client'>;

/**
 * Rejects with a `LeakError` that lists what is left over, after giving it a moment to end.
 *
 * - `expectNoLeaks()`: nothing that the kit opened in this process is open, and there are no more children, descriptors
 *   and timers that hold the event loop than when the kit was loaded. For tests that run one after another.
 * - `expectNoLeaks(work)`: runs `work` and resolves with its result once everything that began in it has ended. Safe beside
 *   concurrent tests: only what `work` began counts.
 * - `expectNoLeaks(pair)`, or a client: the open connection is at rest, with no pending or running call, no stream of values
 *   and no reference.
 */
export async function expectNoLeaks(): Promise<void>;
/**
 * Runs `work` and resolves with its result once everything that began in it has ended; rejects with a {@link
 * LeakError} otherwise. Safe beside concurrent tests: only what `work` began counts.
 */
export async function expectNoLeaks<T>(work: () => T | Promise<T>, options?: LeakOptions): Promise<T>;
/**
 * Resolves once the open connection of a pair or a client is at rest: no pending or running call, no stream of
 * values, no reference. Rejects with a {@link LeakError} otherwise.
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

/** How many pieces of work are under way, and how many have been: files can be told apart only where one is alone. */
let underWay = 0;
let begun = 0;

async function leaklessly(work: () => unknown, settleMs: number): Promise<unknown> {
  const scope: LeakScope = { open: new Set() };
  const watch = new ResourceWatch(scope);
  const isFirst = underWay++ === 0;
  const place = ++begun;
  const before = openDescriptors();
  try {
    const result = await scopes.run(scope, async () => await work());
    await demandNothing(() => {
      const isAlone = isFirst && place === begun;
      const open = [...scope.open].flatMap(describeOpen);
      // A client that is named has a process, pipes and timers: these are no leaks of their own.
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

/** Looks again and again until there is nothing, or the time is over. */
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

/** Event-loop resources by the words of `process.getActiveResourcesInfo()`. */
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
  // The counts can't tell a named client's handles from others.
  return [...open.flatMap(describeOpen), ...(open.some(({ isProcess }) => isProcess) ? [] : more)];
}

/** The runtime keeps one pipe from its first real process on, to the helper that ends plugins which outlive their host. */
const allowance = (word: string): number => (word === 'descriptor' && hasLaunched() ? 1 : 0);
