/** What the two ends of one session agreed on and share: one link, used by each of the session's connections. */
import type { Broker } from '../broker.ts';
import type { Limits } from '../limits.ts';
import type { Capability } from './capabilities.ts';
import type { CallInterceptor, HandlerInterceptor } from './interceptors.ts';

export interface Link {
  readonly broker: Broker;
  /** What the peer announced. Nothing beyond the base is sent to a peer that did not announce it. */
  readonly capabilities: ReadonlySet<Capability>;
  readonly limits: Limits;
  /** The plugin's name, for messages and diagnostics. */
  readonly name?: string;
  /** Called right before a response is written: the plugin puts its printed output in front of it here. */
  readonly beforeReply?: () => void;
  /** Waits, bounded, for the process's exit to explain why the connection went. Pending calls reject with an error whose `cause` it is. */
  readonly explainLoss?: (cause: Error) => Promise<Error>;
  /** Sees every error of a handler before it leaves for the peer, and returns what leaves instead of it. */
  readonly redactError?: (error: unknown, method: string) => unknown;
  /** Around each outgoing call, the first outermost. */
  readonly callInterceptors?: readonly CallInterceptor[];
  /** Around each incoming call, the first outermost. */
  readonly handlerInterceptors?: readonly HandlerInterceptor[];
}
