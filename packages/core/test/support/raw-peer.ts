/**
 * Lets a test act as a peer that writes and reads the bytes of RPC itself. A real session connects the test
 * with a real conversation.
 */
import { PassThrough } from 'node:stream';
import { LeanSession, type RawStream } from '@pipework/mux/lean';
import { onTestFinished } from 'vitest';
import {
  Broker,
  type Capability,
  Conversation,
  type ConversationOptions,
  type Limits,
  Shared,
  type SharedOptions,
  checkLimits,
  servedObjectOf,
} from './internals.ts';

export interface RawPeer {
  readonly conversation: Conversation;
  readonly shared: Shared;
  readonly stream: RawStream;
  /** Writes the bytes that `hex` describes. Spaces in `hex` are ignored. */
  sends(hex: string): void;
  sendsBytes(bytes: Uint8Array): void;
  /**
   * Resolves when exactly these bytes have arrived since the last check; rejects if other bytes have arrived.
   */
  expects(hex: string): Promise<void>;
  /**
   * Grants no credit for arriving bytes from now on, like a peer that does not read its answers. The returned
   * function grants the missing credit, and lets later bytes get credit again.
   */
  takeNothing(): () => void;
  /**
   * Waits for several turns of the event loop. Resolves with the bytes that have arrived since the last
   * check.
   */
  received(): Promise<Buffer>;
  /** Resolves with the error of the stream, as soon as the other side has reset it. */
  reset(): Promise<Error>;
}

interface Options {
  capabilities?: readonly Capability[];
  limits?: Partial<Limits>;
  shared?: Partial<SharedOptions>;
  interceptors?: Pick<ConversationOptions, 'callInterceptors' | 'handlerInterceptors'>;
  /** True if the conversation is that of the control stream, whose methods have no prefix. */
  isControl?: boolean;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** Connects a test that writes the host's bytes to a real conversation that serves `implementation`. */
export async function rawHost(implementation: object, options: Options = {}): Promise<RawPeer> {
  return raw('host', implementation, options);
}

/** Connects a test that writes the plugin's bytes to a real conversation that makes calls. */
export async function rawPlugin(options: Options = {}): Promise<RawPeer> {
  return raw('plugin', undefined, options);
}

async function raw(
  role: 'host' | 'plugin',
  implementation: object | undefined,
  options: Options,
): Promise<RawPeer> {
  const down = new PassThrough();
  const up = new PassThrough();
  const limits = checkLimits(options.limits);
  let conversation!: Conversation;
  let stream!: RawStream;
  let broker!: Broker;
  const chunks: Buffer[] = [];
  let isTaking = true;
  let owed = 0;
  const takeOwed = (): void => {
    stream.consume(owed);
    owed = 0;
  };
  let resetWith: Error | undefined;
  let onReset = (): void => {};
  const handler = {
    onData(chunk: Uint8Array) {
      chunks.push(Buffer.from(chunk));
      owed += chunk.length;
      if (isTaking) takeOwed();
    },
    onEnd() {},
    onClose(error: Error | undefined) {
      resetWith = error;
      onReset();
    },
  };
  let shared!: Shared;
  const connect = (taken: RawStream): void => {
    conversation = new Conversation(taken, {
      shared,
      ...options.interceptors,
      prefix: options.isControl === true ? undefined : 'Plugin.',
      served: implementation && servedObjectOf(implementation),
    });
  };
  const host = new LeanSession({ readable: up, writable: down }, { role: 'client' });
  const plugin = new LeanSession(
    { readable: down, writable: up },
    {
      role: 'server',
      onStream(opened) {
        if (role === 'host') return connect(opened);
        stream = opened;
        stream.setHandler(handler);
      },
    },
  );
  for (const session of [host, plugin]) session.closed.catch(() => {});
  broker = new Broker(role === 'host' ? plugin : host, limits);
  shared = new Shared({
    broker,
    capabilities: new Set(options.capabilities ?? []),
    limits,
    peer: 'plugin raw',
    ...options.shared,
  });
  const opened = host.openRaw();
  if (role === 'host') {
    stream = opened;
    stream.setHandler(handler);
    // A stream opens with its first bytes, so this sends a notification, which the conversation ignores.
    stream.write(Buffer.from('9302a478787878' + '90', 'hex'));
    await settle();
  } else {
    connect(opened);
  }
  onTestFinished(async () => {
    await Promise.allSettled([host.close(), plugin.close()]);
  });
  return {
    get conversation() {
      return conversation;
    },
    shared,
    get stream() {
      return stream;
    },
    sends: (hex) => void stream.write(Buffer.from(hex.replace(/\s/g, ''), 'hex')),
    sendsBytes: (bytes) => void stream.write(bytes),
    async expects(hex) {
      const wanted = hex.replace(/\s/g, '');
      for (let turn = 0; turn < 1000 && Buffer.concat(chunks).length * 2 < wanted.length; turn++)
        await settle();
      const came = Buffer.concat(chunks.splice(0)).toString('hex');
      if (came !== wanted) throw new Error(`expected ${wanted}\n     got ${came}`);
    },
    takeNothing() {
      isTaking = false;
      return () => {
        isTaking = true;
        takeOwed();
      };
    },
    async received() {
      for (let turn = 0; turn < 5; turn++) await settle();
      return Buffer.concat(chunks.splice(0));
    },
    async reset() {
      if (resetWith === undefined) await new Promise<void>((resolve) => (onReset = resolve));
      return resetWith as unknown as Error;
    },
  };
}
