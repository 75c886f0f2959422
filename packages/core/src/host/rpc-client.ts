/** One connection to a running plugin, as the host's code sees it. */

import type { MuxStream } from '@pipework/mux';
import type { Broker } from '../session/broker.ts';
import { controlMethods } from '../session/wire-words.ts';
import { PipeworkError } from '../base/errors.ts';
import { expect, expectKeys } from '../base/expect.ts';
import { createRemote, type Remote } from '../rpc/calls/dispensed-remote.ts';
import type { HostEnd } from './host-end.ts';
import { clock, settlesWithin } from '../base/timers.ts';

/** Numbers by which a connection's cost can be watched; all are 0 once it is closed. */
export interface Diagnostics {
  /** Open streams of the session beside control, stdout and stderr. */
  readonly streams: number;
  /** Calls to the plugin that wait for their answer. */
  readonly pendingCalls: number;
  /** Calls of the plugin (to references of this side) that run. */
  readonly runningCalls: number;
  /** References held on this side, in both directions. */
  readonly references: number;
  /** Streams of values that are open, given out and taken. */
  readonly valueStreams: number;
}

/** The client that a connection belongs to. */
export interface RPCOwner {
  kill(): Promise<unknown>;
  /** One stream more, or less, is waited for or in use. */
  hold(change: 1 | -1): void;
}

/** How long {@link RPCClient.ping} waits by default, in milliseconds. */
const pingTimeoutMs = 5_000;

/** One connection to a plugin: what `client.client()` resolves to. Closing it ends the plugin, which serves nobody else. */
export class RPCClient<P = Record<string, object>> {
  /**
   * Raw byte streams that carry any other protocol: an id from `nextId()` goes to the other side inside a call, then one
   * side dials it and the other accepts it. An id is used once.
   */
  readonly broker: Pick<Broker, 'nextId' | 'accept' | 'dial'>;

  readonly #end: HostEnd;
  readonly #owner: RPCOwner;

  /** @internal Made by `client.client()`. */
  constructor(end: HostEnd, owner: RPCOwner) {
    const { broker } = end;
    this.#end = end;
    this.#owner = owner;
    this.broker = {
      nextId: () => broker.nextId(),
      accept: (id) => this.#held(broker.accept(id)),
      dial: (id) => this.#held(broker.dial(id)),
    };
  }

  /**
   * Asks the plugin for a new implementation of `name` and returns what calls it. Each dispense is an implementation of
   * its own, disposed of in the plugin when this side releases it. Fails with `unknown plugin type: NAME` where the plugin has none.
   */
  async dispense<K extends keyof P & string>(name: K): Promise<Remote<P[K]>> {
    const id = await this.#end.control.call(controlMethods.dispense, [name]);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 1 || id > 0xffff_ffff) {
      throw new PipeworkError(
        'RPC_PROTOCOL',
        `the plugin answered Dispense with ${String(id)}, which is no broker id`,
      );
    }
    return createRemote<P[K]>(this.#end.converse(id));
  }

  /**
   * The round trip to the plugin's runtime and back, in milliseconds: it tells a blocked event loop from a busy handler.
   * Rejects with `RPC_DEADLINE` after `timeout` milliseconds (5,000 by default).
   */
  async ping(options: { readonly timeout?: number } = {}): Promise<number> {
    expectKeys('options', options, ['timeout']);
    const { timeout = pingTimeoutMs } = options;
    expect(typeof timeout === 'number' && timeout > 0, 'timeout', 'milliseconds above 0', timeout);
    const asked = clock();
    const answer = this.#end.control.call(controlMethods.ping, [true]);
    if (!(await settlesWithin(answer, timeout))) {
      throw new PipeworkError(
        'RPC_DEADLINE',
        `the plugin did not answer a ping within ${timeout} ms: its event loop may be blocked`,
      );
    }
    await answer;
    return clock() - asked;
  }

  /** Ends the plugin as `client.kill()` does, and resolves with it. */
  async close(): Promise<void> {
    await this.#owner.kill();
  }

  /** What the connection holds at this moment. */
  diagnostics(): Diagnostics {
    const { shared, session } = this.#end;
    const { pendingCalls, runningCalls, references, valueStreams } = shared.counts;
    const streams = Math.max(0, session.streamCount - 3);
    return { streams, pendingCalls, runningCalls, references, valueStreams };
  }

  /** A stream that is waited for or in use is work under way. */
  async #held(opening: Promise<MuxStream>): Promise<MuxStream> {
    this.#owner.hold(1);
    try {
      const stream = await opening;
      stream.once('close', () => this.#owner.hold(-1));
      return stream;
    } catch (error) {
      this.#owner.hold(-1);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
