/** The state that all conversations of one session share, and the options on which its two ends agreed. */
import type { Limits } from '../base/limits.ts';
import type { Broker } from './broker.ts';
import { CallQueue } from './call-queue.ts';
import type { Capability } from './capabilities.ts';
import { CleanUps } from './clean-ups.ts';
import { UnfinishedBudget } from './unfinished.ts';

export interface SharedOptions {
  readonly broker: Broker;
  /**
   * The capabilities that the peer announced. A message that needs a capability is sent only if the peer
   * announced this capability.
   */
  readonly capabilities: ReadonlySet<Capability>;
  readonly limits: Limits;
  /** The peer's name in messages and diagnostics: `the host`, `plugin NAME`. */
  readonly peer?: string | undefined;
  /**
   * Called right before a response is written. The plugin uses this to send its printed output before the
   * response.
   */
  readonly beforeReply?: (() => void) | undefined;
  /**
   * Explains why a conversation ended, after a bounded wait for the process's exit. Pending calls reject with
   * an error whose `cause` is the error that this function resolves to.
   */
  readonly explainLoss?: ((cause: Error) => Promise<Error>) | undefined;
  /**
   * Receives every error before it is sent to the peer, both thrown errors and errors inside values. The
   * error that the function returns is sent instead.
   */
  readonly redactError?: ((error: unknown, method: string) => unknown) | undefined;
  /**
   * Called with true when the first call to the peer, or the first stream of values, is under way, and with
   * false when the last one has ended.
   */
  readonly onBusy?: ((busy: boolean) => void) | undefined;
}

/** How much is under way in a session. All numbers are zero when nothing is under way. */
export interface SharedCounts {
  pendingCalls: number;
  runningCalls: number;
  /** Running calls of the peer to callbacks and services of this side. */
  runningCallbacks: number;
  /** Functions, objects, signals and streams that this side holds or has given. */
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
  /** The running clean-ups of streams' sources. This side waits for them before it ends. */
  readonly cleanUps: CleanUps = new CleanUps();

  constructor(options: SharedOptions) {
    this.options = options;
    this.broker = options.broker;
    this.capabilities = options.capabilities;
    this.limits = options.limits;
    this.budget = new UnfinishedBudget(options.limits.maxUnfinishedBytes);
    this.callQueue = new CallQueue(this.counts, options.limits);
  }

  /**
   * Adds `change` to the count of pending calls or of streams of values. `onBusy` reports on the sum of both
   * counts, because code on this side waits for calls and for streams.
   */
  count(what: 'pendingCalls' | 'valueStreams', change: 1 | -1): void {
    const { counts } = this;
    const before = counts.pendingCalls + counts.valueStreams;
    counts[what] += change;
    const now = before + change;
    if (now === 0 || before === 0) this.options.onBusy?.(now > 0);
    if (change === 1) this.callQueue.beginWaiting();
  }

  /** The peer's name in messages. */
  get peer(): string {
    return this.options.peer ?? 'the peer';
  }
}
