/** The events that a supervisor handles, and the actions that it can decide on. */
import type { RestartLimits } from '../restart-budget.ts';

/** The states that users see. */
export type SupervisorState =
  'new' | 'starting' | 'ready' | 'waiting' | 'idle' | 'reloading' | 'given-up' | 'stopped';

export type SupervisorEvent<C> =
  /** `start()` or a call needs a process. */
  | { readonly type: 'wanted' }
  /** `start()` was called. A supervisor that has given up tries again. */
  | { readonly type: 'start' }
  | { readonly type: 'reload'; readonly command: C | undefined }
  /** A watched file changed. The change causes a reload, but does not start an idle plugin. */
  | { readonly type: 'changed' }
  | { readonly type: 'stop'; readonly drain: boolean; readonly cause?: unknown }
  | { readonly type: 'ready'; readonly process: number }
  /** A process did not become ready. It is ending, or could not be started at all. */
  | {
      readonly type: 'failed';
      readonly process: number;
      readonly error: Error;
      readonly isPermanent: boolean;
    }
  /** A process that was ready has ended, or has lost its session. */
  | { readonly type: 'ended'; readonly process: number; readonly error: Error }
  /** Nothing of the process is left. */
  | { readonly type: 'gone'; readonly process: number }
  | { readonly type: 'unhealthy'; readonly process: number; readonly error: Error }
  /** Nothing used the plugin for `idleMs`. */
  | { readonly type: 'unused' }
  | { readonly type: 'delay-over' }
  | { readonly type: 'spare-delay-over' };

export type Action<C> =
  | { readonly do: 'launch'; readonly process: number; readonly command: C; readonly isReload: boolean }
  /** The process gets the waiting calls and all new ones. */
  | { readonly do: 'take-over'; readonly process: number }
  /**
   * End a process. `drain` lets it finish its running calls, `quit` asks it to leave, `kill` gives it no
   * time.
   */
  | { readonly do: 'retire'; readonly process: number; readonly how: 'drain' | 'quit' | 'kill' }
  | { readonly do: 'delay'; readonly which: 'restart' | 'spare'; readonly ms: number }
  | { readonly do: 'cancel-delay'; readonly which: 'restart' | 'spare' }
  | { readonly do: 'settle-start' }
  | { readonly do: 'settle-reload'; readonly error?: Error }
  /** The waiting reload begins to run. */
  | { readonly do: 'begin-reload' }
  | { readonly do: 'give-up'; readonly reason: string; readonly error: Error }
  | { readonly do: 'stop'; readonly cause?: unknown };

export interface StateOptions<C> {
  readonly command: C;
  /** The limits of restarts. With `false`, no failure is followed by a restart. */
  readonly restart: RestartLimits;
  readonly hasSpare: boolean;
  readonly random: () => number;
}
