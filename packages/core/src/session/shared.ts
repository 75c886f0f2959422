/** What the two ends of one session agreed on and share: one object, used by each of the session's conversations. */
import type { Broker } from './broker.ts';
import type { Limits } from '../base/limits.ts';
import type { Capability } from './capabilities.ts';
import type { CallInterceptor, HandlerInterceptor } from '../rpc/api/interceptors.ts';
import type { Budget } from '../rpc/wire/message-reader.ts';
import type { IncomingCall } from '../rpc/calls/incoming-call.ts';

export interface SharedOptions {
  readonly broker: Broker;
  /** What the peer announced. Nothing beyond the base is sent to a peer that did not announce it. */
  readonly capabilities: ReadonlySet<Capability>;
  readonly limits: Limits;
  /** The plugin's name, for messages and diagnostics. */
  readonly name?: string | undefined;
  /** Called right before a response is written: the plugin puts its printed output in front of it here. */
  readonly beforeReply?: (() => void) | undefined;
  /** Waits, bounded, for the process's exit to explain why the conversation went. Pending calls reject with an error whose `cause` it is. */
  readonly explainLoss?: ((cause: Error) => Promise<Error>) | undefined;
  /** Sees every error before it leaves for the peer, thrown or within a value, and returns what leaves instead of it. */
  readonly redactError?: ((error: unknown, method: string) => unknown) | undefined;
  /** Around each outgoing call, the first outermost. */
  readonly callInterceptors?: readonly CallInterceptor[] | undefined;
  /** Around each incoming call, the first outermost. */
  readonly handlerInterceptors?: readonly HandlerInterceptor[] | undefined;
  /** Told when the first thing is under way with the peer (a call, a stream of values), and when the last one ended. */
  readonly onBusy?: ((busy: boolean) => void) | undefined;
}

/** How much is under way in a session; all zero when it is at rest. */
export interface SharedCounts {
  pendingCalls: number;
  runningCalls: number;
  /** Functions, objects, signals and streams held on this side, given out and taken. */
  references: number;
  /** Streams of values that are being read here. */
  valueStreams: number;
}

/** A call of the peer's that waits for room. */
export interface WaitingCall {
  readonly call: IncomingCall;
  /** The limits that it waits for. */
  readonly owner: object;
  readonly begin: () => void;
}

export class Shared {
  readonly broker: Broker;
  readonly capabilities: ReadonlySet<Capability>;
  readonly limits: Limits;
  readonly options: SharedOptions;
  /** Bytes of unfinished messages over all streams of the session. */
  readonly budget: Budget;
  /** Calls of the peer that wait for room, of all conversations in the order they came. */
  readonly waiting: WaitingCall[] = [];
  readonly counts: SharedCounts = { pendingCalls: 0, runningCalls: 0, references: 0, valueStreams: 0 };
  #isBeginning = false;

  constructor(options: SharedOptions) {
    this.options = options;
    this.broker = options.broker;
    this.capabilities = options.capabilities;
    this.limits = options.limits;
    this.budget = { used: 0, max: options.limits.maxUnfinishedBytes };
  }

  /** Something more, or less, that the user waits for: a pending call or a stream of values. */
  count(what: 'pendingCalls' | 'valueStreams', change: 1 | -1): void {
    const { counts } = this;
    const before = counts.pendingCalls + counts.valueStreams;
    counts[what] += change;
    const now = before + change;
    if (now === 0 || before === 0) this.options.onBusy?.(now > 0);
  }

  /** Begins calls that wait while there is room. In a loop: one that is answered at once makes room for the next, ten thousand deep. */
  beginWaiting(): void {
    if (this.#isBeginning) return;
    this.#isBeginning = true;
    try {
      while (this.waiting.length > 0 && this.counts.runningCalls < this.limits.maxRunningCalls) {
        this.waiting.shift()?.begin();
      }
    } finally {
      this.#isBeginning = false;
    }
  }

  /** The plugin, for messages. */
  get peer(): string {
    return this.options.name === undefined ? 'the peer' : `plugin ${this.options.name}`;
  }
}
