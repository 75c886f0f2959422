/** What the two ends of one session agreed on, and what all conversations of the session share. */
import type { Limits } from '../base/limits.ts';
import type { Broker } from './broker.ts';
import { CallQueue } from './call-queue.ts';
import type { Capability } from './capabilities.ts';
import { CleanUps } from './clean-ups.ts';
import { UnfinishedBudget } from './unfinished.ts';

export interface SharedOptions {
  readonly broker: Broker;
  /** What the peer announced. Nothing beyond the base is sent to a peer that did not announce it. */
  readonly capabilities: ReadonlySet<Capability>;
  readonly limits: Limits;
  /** What messages and diagnostics call the peer: `the host`, `plugin NAME`. */
  readonly peer?: string | undefined;
  /** Called right before a response is written. The plugin puts its printed output in front of the response here. */
  readonly beforeReply?: (() => void) | undefined;
  /**
   * Waits, bounded, for the process's exit to explain why a conversation ended. Pending calls reject with an error whose `cause`
   * is what it resolves to.
   */
  readonly explainLoss?: ((cause: Error) => Promise<Error>) | undefined;
  /** Sees every error before it leaves for the peer, thrown or within a value, and returns what leaves instead of it. */
  readonly redactError?: ((error: unknown, method: string) => unknown) | undefined;
  /** Called when the first thing is under way with the peer (a call, a stream of values), and when the last one has ended. */
  readonly onBusy?: ((busy: boolean) => void) | undefined;
}

/** How much is under way in a session. All are zero when it is at rest. */
export interface SharedCounts {
  pendingCalls: number;
  runningCalls: number;
  /** Callbacks of the peer, and calls of services, that run. */
  runningCallbacks: number;
  /** Functions, objects, signals and streams held on this side, given and taken. */
  references: number;
  /** Streams of values that are being read here. */
  valueStreams: number;
}

export class Shared {
  readonly broker: Broker;
  readonly capabilities: ReadonlySet<Capability>;
  readonly limits: Limits;
  readonly options: SharedOptions;
  readonly budget: UnfinishedBudget;
  readonly counts: SharedCounts = {
    pendingCalls: 0,
    runningCalls: 0,
    runningCallbacks: 0,
    references: 0,
    valueStreams: 0,
  };
  readonly callQueue: CallQueue;
  /** The clean-ups of streams' sources that run, which the end of this side waits for. */
  readonly cleanUps: CleanUps = new CleanUps();

  constructor(options: SharedOptions) {
    this.options = options;
    this.broker = options.broker;
    this.capabilities = options.capabilities;
    this.limits = options.limits;
    this.budget = new UnfinishedBudget(options.limits.maxUnfinishedBytes);
    this.callQueue = new CallQueue(this.counts, options.limits);
  }

  /** Counts one more, or one less, of what the user waits for: a pending call or a stream of values. */
  count(what: 'pendingCalls' | 'valueStreams', change: 1 | -1): void {
    const { counts } = this;
    const before = counts.pendingCalls + counts.valueStreams;
    counts[what] += change;
    const now = before + change;
    if (now === 0 || before === 0) this.options.onBusy?.(now > 0);
    if (change === 1) this.callQueue.beginWaiting();
  }

  /** The peer, for messages. */
  get peer(): string {
    return this.options.peer ?? 'the peer';
  }
}
