/** Keeps a list of the clients and pairs that are open in this process. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { printable, showCommand, type Client, type ProcessTrace, type RPCClient } from '@pipework/core';

export interface OpenThing {
  /** How messages name the thing: `a pair of connect()`, for example. */
  readonly what: string;
  readonly rpc?: Pick<RPCClient, 'diagnostics'>;
  /** The stack of the code that opened the thing. */
  readonly stack: string;
  /**
   * True if the thing is the client of a real process. The leak checks also see the handles of that client.
   */
  readonly isProcess: boolean;
}

/** One running `expectNoLeaks(work)`. */
export interface LeakScope {
  readonly open: Set<OpenThing>;
}

/** The scope of the running code. Because of scopes, concurrent tests do not see each other's things. */
export const scopes: AsyncLocalStorage<LeakScope> = new AsyncLocalStorage();

const everything = new Set<OpenThing>();
let isLaunched = false;

/** True if a client of this process has ever started a real process. */
export const hasLaunched = (): boolean => isLaunched;

/** Returns the things that this process opened and that are still open. */
export const openThings = (): readonly OpenThing[] => [...everything];

/**
 * The command of the clients that `connect` makes. For each of them, the list has the pair and not the
 * client.
 */
export const inMemory = 'in-memory plugin';

/** Remembers a pair until it is closed. */
export function openedPair(client: Pick<Client, 'exit'>, rpc: Pick<RPCClient, 'diagnostics'>): void {
  const close = remember({ what: 'a pair of connect()', rpc, stack: stackAt(), isProcess: false });
  void client.exit.then(close);
}

/** A client, as the trace of its process describes it. */
class OpenClient implements OpenThing {
  readonly isProcess = true;
  readonly stack: string;
  readonly #trace: ProcessTrace;

  constructor(trace: ProcessTrace, stack: string) {
    this.#trace = trace;
    this.stack = stack;
  }

  get what(): string {
    const { plugin, pid, command } = this.#trace;
    const id = pid === undefined ? 'no pid yet' : `pid ${String(pid)}`;
    return printable(`the client of plugin ${plugin} (${id}, command: ${showCommand(command)})`);
  }
}

const closers = new WeakMap<object, () => void>();

// Every client publishes its process here, including a client that the code under test made.
tracingChannel<string, ProcessTrace>('pipework:process').subscribe({
  start(trace) {
    const { command } = trace;
    if (command[0] === inMemory) return;
    isLaunched = true;
    closers.set(trace, remember(new OpenClient(trace, stackAt())));
  },
  end() {},
  asyncStart() {},
  asyncEnd(trace) {
    closers.get(trace)?.();
  },
  error() {},
});

/** Remembers a thing, and returns a function that forgets it again. */
function remember(thing: OpenThing): () => void {
  const sets = [everything, scopes.getStore()?.open];
  for (const set of sets) set?.add(thing);
  return () => {
    for (const set of sets) set?.delete(thing);
  };
}

/** Returns the first line of the current stack that belongs neither to Node nor to the kit nor to core. */
function stackAt(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, stackAt);
  Error.stackTraceLimit = stackTraceLimit;
  const lines = (holder.stack ?? '').split('\n').slice(1);
  return (lines.find((line) => !isOwnLine(line) && !isCoreLine(line)) ?? lines[0] ?? '').trim();
}

/** True if a line of a stack belongs to core. */
export function isCoreLine(line: string): boolean {
  return /(?:@pipework|packages)[\\/]core[\\/](?:src|dist)[\\/]/.test(line);
}

/** True if a line of a stack belongs to Node, or to the kit (its sources or its published files). */
export function isOwnLine(line: string): boolean {
  return /[\\/]testkit[\\/](src|dist)[\\/](?!.*\.test\.)|node:/.test(line);
}
