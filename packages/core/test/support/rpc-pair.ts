/** Two ends of one RPC conversation in one process: two real sessions over in-memory pipes. */
import { PassThrough } from 'node:stream';
import { LeanSession, type RawStream } from '@pipework/mux/lean';
import { expect, onTestFinished } from 'vitest';
import {
  Broker,
  type Capability,
  Conversation,
  type ConversationOptions,
  dispensedRemote,
  type Limits,
  Shared,
  type SharedOptions,
  ownCapabilities,
  type Remote,
  checkLimits,
  servedObjectOf,
} from './internals.ts';
import { type Poison, poisonSession, poisonStream } from './poison.ts';

type Interceptors = Pick<ConversationOptions, 'callInterceptors' | 'handlerInterceptors'>;

export interface PairOptions {
  /** The capabilities that both ends announce; all of them by default. */
  capabilities?: readonly Capability[];
  host?: Partial<SharedOptions> & Interceptors;
  plugin?: Partial<SharedOptions> & Interceptors;
  hostLimits?: Partial<Limits>;
  pluginLimits?: Partial<Limits>;
}

export interface Pair<T> {
  readonly remote: Remote<T>;
  readonly host: Conversation;
  readonly plugin: Conversation;
  readonly hostShared: Shared;
  readonly pluginShared: Shared;
  readonly hostSession: LeanSession;
  readonly pluginSession: LeanSession;
  /** Destroys both pipes. */
  cut(): void;
}

export async function rpcPair<T extends object>(
  implementation: T,
  options: PairOptions = {},
): Promise<Pair<T>> {
  const down = new PassThrough();
  const up = new PassThrough();
  const capabilities = new Set(options.capabilities ?? ownCapabilities);
  const hostLimits = checkLimits(options.hostLimits);
  const pluginLimits = checkLimits(options.pluginLimits);
  const poison: Poison = { lentBytes: 0 };
  let hostBroker!: Broker;
  let pluginBroker!: Broker;
  let first: ((stream: RawStream) => void) | undefined;
  const opened = new Promise<RawStream>((resolve) => {
    first = resolve;
  });
  const hostSession = new LeanSession(
    { readable: up, writable: down },
    { role: 'client', onStream: (stream) => hostBroker.handle(poisonStream(stream, poison)) },
  );
  const pluginSession = new LeanSession(
    { readable: down, writable: up },
    {
      role: 'server',
      onStream: (stream) => {
        poisonStream(stream, poison);
        if (first === undefined) return pluginBroker.handle(stream);
        first(stream);
        first = undefined;
      },
    },
  );
  for (const session of [hostSession, pluginSession]) poisonSession(session, poison);
  hostBroker = new Broker(hostSession, hostLimits);
  pluginBroker = new Broker(pluginSession, pluginLimits);
  for (const [session, broker] of [
    [hostSession, hostBroker],
    [pluginSession, pluginBroker],
  ] as const) {
    const over = (reason?: Error): void => broker.close(reason ?? new Error('the session is over'));
    session.closed.then(() => over(), over);
  }
  const hostShared = new Shared({
    broker: hostBroker,
    capabilities,
    limits: hostLimits,
    peer: 'plugin test',
    ...options.host,
  });
  const pluginShared = new Shared({
    broker: pluginBroker,
    capabilities,
    limits: pluginLimits,
    ...options.plugin,
  });
  const host = new Conversation(hostSession.openRaw(), {
    ...options.host,
    shared: hostShared,
    prefix: 'Plugin.',
  });
  // A stream opens with its first bytes. This call sends them.
  const woken = host.call('wake', []).catch(() => {});
  const plugin = new Conversation(await opened, {
    ...options.plugin,
    shared: pluginShared,
    prefix: 'Plugin.',
    served: servedObjectOf(implementation),
  });
  await woken;
  onTestFinished(async () => {
    expect(poison.lentBytes, 'bytes that were overwritten after their reader returned').toBeGreaterThan(0);
    await Promise.allSettled([hostSession.close(), pluginSession.close()]);
  });
  return {
    remote: dispensedRemote<T>(host, 'object'),
    host,
    plugin,
    hostShared,
    pluginShared,
    hostSession,
    pluginSession,
    cut: () => {
      down.destroy();
      up.destroy();
    },
  };
}
