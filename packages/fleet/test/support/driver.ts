import { type Action, type StateOptions, type SupervisorEvent, SupervisorFacts } from './internals.ts';

export const restart = { atMost: 2, withinMs: 1_000, initialDelayMs: 100, maxDelayMs: 1_000 };
const options: StateOptions<string> = { command: 'old', restart, hasSpare: false, random: () => 1 };

export const died = new Error('died');

/** Gives events to a `SupervisorFacts`, and records the actions that it returns. */
export class Driver {
  readonly facts: SupervisorFacts<string>;
  readonly actions: Action<string>[] = [];
  now = 0;

  constructor(changes: Partial<StateOptions<string>> = {}) {
    this.facts = new SupervisorFacts({ ...options, ...changes });
  }

  do(event: SupervisorEvent<string>): readonly Action<string>[] {
    const actions = this.facts.handle(event, this.now);
    this.actions.push(...actions);
    return actions;
  }

  /** Starts the supervisor, and makes its process ready. */
  start(): void {
    this.do({ type: 'start' });
    this.ready();
  }

  /** Reports that the newest process is ready. */
  ready(): void {
    this.do({ type: 'ready', process: this.lastLaunched });
  }

  end(process: number): readonly Action<string>[] {
    const actions = this.do({ type: 'ended', process, error: died });
    this.do({ type: 'gone', process });
    return actions;
  }

  fail(process: number, isPermanent = false): readonly Action<string>[] {
    const actions = this.do({ type: 'failed', process, error: died, isPermanent });
    this.do({ type: 'gone', process });
    return actions;
  }

  get lastLaunched(): number {
    return this.actions.findLast((action) => action.do === 'launch')!.process;
  }

  get state(): string {
    return this.facts.state;
  }
}

export const kinds = (actions: readonly Action<string>[]): string[] =>
  actions.map((action) => ('process' in action ? `${action.do} ${action.process}` : action.do));
