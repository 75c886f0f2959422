/** Finds processes, descriptors and timers that were created during a piece of work and are still alive. */
import { createHook } from 'node:async_hooks';
import { isCoreLine, isOwnLine, scopes, type LeakScope } from './open-things.ts';

/**
 * The kinds of resources that must be ended. The keys are their names in async_hooks, the values are names
 * for people.
 */
const kinds: Readonly<Record<string, string>> = {
  PROCESSWRAP: 'child process',
  PIPEWRAP: 'pipe',
  TCPWRAP: 'socket',
  TCPSERVERWRAP: 'server',
  TTYWRAP: 'terminal',
  UDPWRAP: 'socket',
  FSEVENTWRAP: 'file watcher',
  STATWATCHER: 'file watcher',
  WORKER: 'worker',
  Timeout: 'timer',
};

export interface LiveResource {
  readonly kind: string;
  readonly stack: string;
  /** True if core created the resource for a client: as its process, a pipe or a timer. */
  readonly isOfClient: boolean;
}

interface Tracked extends LiveResource {
  readonly resource: WeakRef<object>;
}

/** Watches the resources that are created in `scope`, until {@link end} is called. */
export class LeakWatch {
  readonly #live: Map<number, Tracked> = new Map();
  readonly #hook: ReturnType<typeof createHook>;

  constructor(scope: LeakScope) {
    this.#hook = createHook({
      init: (id, type, _trigger, resource) => {
        const kind = kinds[type];
        if (kind === undefined || scopes.getStore() !== scope) return;
        this.#live.set(id, { kind, ...stackHere(), resource: new WeakRef(resource) });
      },
      destroy: (id) => {
        this.#live.delete(id);
      },
    }).enable();
  }

  live(): LiveResource[] {
    return [...this.#live.values()].filter(({ resource }) => isAlive(resource.deref()));
  }

  end(): void {
    this.#hook.disable();
  }
}

/**
 * True if a resource seems alive. A resource on which `unref()` was called is background work, and not a
 * leak.
 */
function isAlive(resource: object | undefined): boolean {
  if (resource === undefined) return false;
  const { _destroyed, hasRef, fd } = resource as {
    _destroyed?: boolean;
    hasRef?: () => boolean;
    fd?: number;
  };
  if (_destroyed === true || fd === -1) return false;
  return typeof hasRef !== 'function' || hasRef.call(resource);
}

/**
 * Returns the stack of the user's code that created the resource. The stack leaves out the lines of Node and
 * the kit. It also leaves out the lines of libraries if other lines remain.
 */
function stackHere(): Pick<LiveResource, 'stack' | 'isOfClient'> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, stackHere);
  Error.stackTraceLimit = stackTraceLimit;
  const lines = (holder.stack ?? '').split('\n').slice(1);
  const begun = lines.filter((line) => !isOwnLine(line));
  const users = begun.filter((line) => /:\d+\)?$/.test(line) && !/[\\/]node_modules[\\/]/.test(line));
  const stack = (users.length > 0 ? users : begun)
    .slice(0, 3)
    .map((line) => line.trim())
    .join('\n');
  return { stack, isOfClient: lines.some(isCoreLine) };
}
