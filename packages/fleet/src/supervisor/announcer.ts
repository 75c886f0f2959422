/** Tells listeners and the diagnostics channel of each change, in order. */
import { channel } from 'node:diagnostics_channel';
import type { PluginExit } from '@pipework/core';
import type { SupervisorState } from './events.ts';

/** What a listener of `'state'` gets, and what the channel `pipework:fleet` publishes together with `name`. */
export interface StateChange {
  /** The state that was reached. */
  readonly state: SupervisorState;
  /** The number of the process that takes calls, or took them last; 0 before the first one. It only rises, and may skip. */
  readonly generation: number;
  /** How the process ended whose end led here. */
  readonly exit?: PluginExit;
  /** Why: the failure of a start, of a reload, of a health check, or the loss of a process. */
  readonly error?: Error;
}

/** Why a change came. */
export interface Because {
  /** Resolves to how the process ended that the change is about. */
  readonly exit?: Promise<PluginExit | undefined>;
  readonly error?: Error;
}

/** The name of the diagnostics channel on which every change of state is published, as a {@link StateChange} with the supervisor's `name`. */
export const fleetChannelName = 'pipework:fleet';

const fleetChannel = channel(fleetChannelName);

export class Announcer {
  readonly #name: string;
  readonly #listeners = new Set<(change: StateChange) => void>();
  /** Changes are told one after the other: the exit that explains one may come after the change itself. */
  #telling: Promise<void> = Promise.resolve();

  constructor(name: string) {
    this.#name = name;
  }

  /** Calls `listener` at every change. Returns a function that takes the listener off. */
  listen(listener: (change: StateChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells of a change once the exit that led to it is known, behind the changes before it. */
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

  /** Resolves once everything so far was told. */
  async settled(): Promise<void> {
    await this.#telling;
  }

  #tell(change: StateChange): void {
    if (fleetChannel.hasSubscribers) fleetChannel.publish({ name: this.#name, ...change });
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        // As an EventEmitter would: the listener's fault is its own, and must not stop the supervisor.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
