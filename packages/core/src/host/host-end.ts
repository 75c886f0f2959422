/** The host's end of one session: mux, the first three streams, the broker. Independent of what carries the bytes. */

import { LeanSession, type RawStream } from '@pipework/mux/lean';
import type { Readable, Writable } from 'node:stream';
import { Broker } from '../session/broker.ts';
import { sessionOptions } from '../session/session-options.ts';
import { implementationPrefix } from '../session/wire-words.ts';
import type { Limits } from '../base/limits.ts';
import type { Capability } from '../session/capabilities.ts';
import { Conversation } from '../rpc/calls/conversation.ts';
import type { CallInterceptor } from '../rpc/api/interceptors.ts';
import { Shared } from '../session/shared.ts';
import type { SinkWriter } from './output/sinks.ts';
import { SyncedOutput } from './output/synced-output.ts';
import type { Tail } from './output/tail.ts';

/** What a host's end is made of. */
export interface HostEndOptions {
  readonly readable: Readable;
  readonly writable: Writable;
  readonly name: string;
  readonly capabilities: ReadonlySet<Capability>;
  readonly limits: Limits;
  readonly interceptors: readonly CallInterceptor[];
  readonly stdout: SinkWriter | undefined;
  readonly stderr: SinkWriter | undefined;
  readonly stderrTail: Tail;
  explainLoss(cause: Error): Promise<Error>;
  onBusy(busy: boolean): void;
}

/** A host's end. */
export interface HostEnd {
  readonly session: LeanSession;
  readonly broker: Broker;
  readonly shared: Shared;
  readonly control: Conversation;
  /** Takes up a conversation with an implementation that the plugin dispensed. */
  converse(id: number): Conversation;
  /** Methods of the calls that wait for an answer; once the pipe has ended, of those that waited then. */
  pendingMethods(): readonly string[];
}

/** Opens the session and its first three streams, in their order. */
export function openHostEnd(options: HostEndOptions): HostEnd {
  let broker!: Broker;
  // The control stream's own calls are nobody's to hear of.
  const conversations = new Set<Conversation>();
  // The pipe's end rejects what waits, and comes before the exit that wants to report it: listening first sees it still.
  let waited: readonly string[] = [];
  const pendingMethods = (): readonly string[] => {
    const methods = [...conversations].flatMap((conversation) => conversation.pendingMethods);
    if (methods.length > 0) waited = methods;
    return waited;
  };
  const onLoss = (): void => void pendingMethods();
  for (const event of ['end', 'error', 'close']) options.readable.once(event, onLoss);
  const session = new LeanSession(
    { readable: options.readable, writable: options.writable },
    {
      ...sessionOptions,
      role: 'client',
      name: 'host',
      onStream: (stream: RawStream) => broker.handle(stream),
    },
  );
  broker = new Broker(session, options.limits);
  const shared = new Shared({
    broker,
    capabilities: options.capabilities,
    limits: options.limits,
    name: options.name,
    explainLoss: (cause: Error) => options.explainLoss(cause),
    onBusy: (busy: boolean) => options.onBusy(busy),
  });
  const control = new Conversation(session.openRaw(), { shared });
  new SyncedOutput(session.openRaw(), options.stdout, undefined);
  new SyncedOutput(session.openRaw(), options.stderr, options.stderrTail);
  const over = (reason?: Error): void => broker.close(reason ?? new Error('the session is over'));
  session.closed.then(() => over(), over);
  const converse = (id: number): Conversation => {
    const conversation = new Conversation(broker.dialRaw(id), {
      shared,
      prefix: implementationPrefix,
      callInterceptors: options.interceptors,
    });
    conversations.add(conversation);
    void conversation.closed.then(() => conversations.delete(conversation));
    return conversation;
  };
  return { session, broker, shared, control, converse, pendingMethods };
}
