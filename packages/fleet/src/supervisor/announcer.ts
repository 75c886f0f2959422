/** Reports each change of a supervisor's state to listeners and to the diagnostics channel, in order. */
import { channel } from 'node:diagnostics_channel';
import type { PluginExit } from '@pipework/core';
import type { SupervisorState } from './events.ts';

/**
 * A change of a supervisor's state, as a listener of `'state'` receives it. The channel `pipework:fleet`
 * publishes the same object with the supervisor's `name` added.
 */
export interface StateChange {
  /** The state that was reached. */
  readonly state: SupervisorState;
  /**
   * The number of the process that accepts calls, or that accepted them last; 0 before the first one. The
   * number only rises, and can rise by more than 1.
   */
  readonly generation: number;
  /** How the process ended, if its end caused the change. */
  readonly exit?: PluginExit;
  /**
   * The error that caused the change: the failure of a start, a reload or a health check, or the loss of a
   * process.
   */
  readonly error?: Error;
}

/** The cause of a change. */
export interface Because {
  /** Resolves to how the process ended. Absent if no end of a process caused the change. */
  readonly exit?: Promise<PluginExit | undefined>;
  readonly error?: Error;
}

/**
 * The name of the diagnostics channel that publishes every change of state, as a {@link StateChange} with the
 * supervisor's `name` added.
 */
export const fleetChannelName = 'pipework:fleet';

const fleetChannel = channel(fleetChannelName);

export class Announcer {
  readonly #name: string;
  readonly #listeners = new Set<(change: StateChange) => void>();
  /**
   * Resolves once all changes so far are reported. A change may have to wait for the exit that explains it,
   * and later changes wait for that change.
   */
  #telling: Promise<void> = Promise.resolve();

  constructor(name: string) {
    this.#name = name;
  }

  /** Calls `listener` at every change. Returns a function that removes the listener. */
  listen(listener: (change: StateChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reports a change after all earlier changes. If `exit` is present, waits for it first. */
  announce({ state, generation }: Pick<StateChange, 'state' | 'generation'>, { exit, error }: Because): void {
    this.#telling = Promise.all([this.#telling, exit]).then(([, known]) => {
      this.#tell({
        state,
        generation,
        ...(known === undefined ? {} : { exit: known }),
        ...(error === undefined ? {} : { error }),
      });
    });
  }

  /** Resolves once everything so far was reported. */
  async settled(): Promise<void> {
    await this.#telling;
  }

  #tell(change: StateChange): void {
    if (fleetChannel.hasSubscribers) fleetChannel.publish({ name: this.#name, ...change });
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        // The error of a listener must not stop the supervisor, so it is thrown as an uncaught exception.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
