/** What the kit has opened and nobody has closed yet. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Client, RPCClient } from '@pipework/core';

export interface OpenThing {
  readonly what: string;
  readonly client: Pick<Client, 'exited' | 'exit'>;
  readonly rpc: Pick<RPCClient, 'diagnostics'> | undefined;
  /** Where it was opened. */
  readonly stack: string;
}

/** One `expectNoLeaks(work)` that is under way. */
export interface LeakScope {
  readonly open: Set<OpenThing>;
}

/** Which scope the running code belongs to: concurrent tests don't see each other's things. */
export const scopes: AsyncLocalStorage<LeakScope> = new AsyncLocalStorage();

const everything = new Set<OpenThing>();
let isLaunched = false;

/** A real process was opened in this one, ever. */
export const hasLaunched = (): boolean => isLaunched;

/** Things opened in this process and still open. */
export const openThings = (): readonly OpenThing[] => [...everything];

/** Remembers a client until its process is gone. */
export function opened(what: string, client: OpenThing['client'], rpc?: OpenThing['rpc']): void {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, opened);
  const thing: OpenThing = { what, client, rpc, stack: callerOf(holder.stack ?? '') };
  const scope = scopes.getStore();
  for (const set of [everything, scope?.open]) set?.add(thing);
  isLaunched ||= rpc === undefined;
  void client.exit.then(() => {
    for (const set of [everything, scope?.open]) set?.delete(thing);
  });
}

/** The first line of the stack that is not the kit's own. */
function callerOf(stack: string): string {
  const lines = stack.split('\n').slice(1);
  return (lines.find((line) => !isOwnLine(line)) ?? lines[0] ?? '').trim();
}

/** Whether a line of a stack is the kit's own, from its sources or as it is published, or Node's. */
export function isOwnLine(line: string): boolean {
  return /[\\/]testkit[\\/](src|dist)[\\/](?!.*\.test\.)|node:/.test(line);
}
