/** One connection to a running plugin, as the host's code sees it. */

import type { MuxStream } from '@pipework/mux';
import type { StreamBroker } from '../session/broker.ts';
import { controlMethods } from '../session/wire-words.ts';
import { markSent, PipeworkError } from '../base/errors.ts';
import { expect, expectDuration, expectKeys, expectSignal } from '../base/expect.ts';
import type { VersionsOf } from '../handshake/versioned.ts';
import { handled } from '../base/handled.ts';
import type { CallOptions } from '../rpc/api/call-options.ts';
import { askToDispense, checkDispense, type DispenseOptions } from '../rpc/calls/ask-to-dispense.ts';
import { dispensedRemote, draining, type Remote } from '../rpc/calls/dispensed-remote.ts';
import type { Activity } from './activity.ts';
import { describePlugin, type Description } from './describe.ts';
import type { HostEnd } from './host-end.ts';
import { clock, settlesWithin } from '../base/timers.ts';

/**
 * The numbers of calls, references and streams that a connection holds. All are 0 once the connection is
 * closed.
 */
export interface Diagnostics {
  /** Open streams of the session beside control, stdout and stderr. */
  readonly streams: number;
  /** Calls to the plugin that wait for their answer. */
  readonly pendingCalls: number;
  /** Running calls of the plugin to references and services of this side. */
  readonly runningCalls: number;
  /** References that this side has given to the plugin or taken from it. */
  readonly references: number;
  /** Streams of values that this side reads. Streams that the plugin reads count as references. */
  readonly valueStreams: number;
  /** Streams of the broker that this side waits for or uses. */
  readonly brokerStreams: number;
}

declare const plugins: unique symbol;

/** Options of {@link RPCClient.ping}. */
export interface PingOptions {
  /** Milliseconds after which the ping rejects with `RPC_DEADLINE`. Default 5,000. */
  readonly timeoutMs?: number;
  /**
   * The old name of `timeoutMs`.
   *
   * @deprecated The name of `timeoutMs` before 0.2.
   */
  readonly timeout?: number;
}

/**
 * A connection to a plugin, from `client.client()`. Closing the connection ends the plugin, because a plugin
 * serves only one connection.
 */
export interface RPCClient<P = Record<string, object>> extends AsyncDisposable {
  /**
   * Carries the plugins. The compiler compares the overloads of `dispense()` of `Versioned` plugins loosely,
   * so it compares this property, too. At run time this property does not exist.
   */
  readonly [plugins]?: { readonly [K in keyof P & string]: P[K] };

  /** Raw byte streams beside the calls, for any protocol. */
  readonly broker: StreamBroker;

  /**
   * The protocol version that both sides agreed on. For `Versioned` plugins, comparing it with a number
   * narrows the connection's type to that version.
   */
  readonly protocolVersion: number;

  /**
   * Asks the plugin for a new implementation of `name` and returns a remote that calls it. Each dispense
   * makes a new implementation. The plugin disposes of the implementation when this side releases it. Fails
   * with `unknown plugin type: NAME` if the plugin does not have the name, and with `RPC_CLOSED` once the
   * client drains. Waits until the plugin's factory has ended, unless `options.signal` aborts first.
   */
  dispense<K extends keyof P & string>(name: K, options?: DispenseOptions): Promise<Remote<P[K]>>;

  /**
   * Returns the round-trip time to the plugin's runtime, in milliseconds. A ping distinguishes a blocked
   * event loop from a handler that is merely slow. Rejects with `RPC_DEADLINE` after `timeoutMs` milliseconds.
   */
  ping(options?: PingOptions): Promise<number>;

  /** Calls `client.kill()`, and resolves when the plugin has ended. */
  close(): Promise<void>;

  /**
   * Resolves as soon as the connection has ended, for any reason. Never rejects. From then on each call fails
   * with `sent: false`. The exit report follows a moment later, from `client.exit`.
   */
  readonly closed: Promise<void>;

  /** Returns the present numbers of calls, references and streams of the connection. */
  diagnostics(): Diagnostics;

  /**
   * Asks the plugin for its identity, the names that it offers, and their methods. To learn the methods,
   * dispenses each name and releases the implementation again. If a factory fails, its name has an `error`
   * instead of methods. With `dispense: false` no factory runs, and methods are absent. A plugin that cannot
   * be asked, such as one built with version 0.1, is described by its handshake's protocol versions alone.
   * Rejects with `RPC_CLOSED` if the plugin ends meanwhile. Rejects with `RPC_PROTOCOL` if the plugin offers
   * more than 1,000 names, or describes itself in more than 16 Mi characters of JSON. Waits until each
   * factory has ended, unless `options.timeoutMs` or `options.signal` ends the wait.
   */
  describe(options?: DescribeOptions): Promise<Description>;
}

/** Options of {@link RPCClient.describe}. */
export interface DescribeOptions {
  /** If true, `describe()` dispenses each name to learn its methods. Default `true`. */
  readonly dispense?: boolean;
  /**
   * Milliseconds that the plugin may take for each answer. If a name's factory takes longer, the name has an
   * `error`. If the plugin does not report its names in time, `describe()` rejects with `RPC_DEADLINE`.
   * Default: no limit.
   */
  readonly timeoutMs?: number | undefined;
  /** When this signal aborts, `describe()` rejects immediately with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The type of the connection from `client.client()`: an `RPCClient<P>`. For `Versioned` plugins, the type is
 * a union with one member for each version. A check of `protocolVersion` then narrows the names that can be
 * dispensed.
 */
export type RPCClientOf<P> = ([VersionsOf<P>] extends [never]
  ? unknown
  : {
      // This type stands before `RPCClient<P>`, so that TypeScript tries the dispense() of a version first.
      [N in keyof VersionsOf<P> & number]: RPCClient<VersionsOf<P>[N]> & { readonly protocolVersion: N };
    }[keyof VersionsOf<P> & number]) &
  RPCClient<P>;

/** The parts of a client that its connection uses. */
export interface RPCOwner {
  readonly activity: Activity;
  readonly protocolVersion: number;
  /** The versions that the plugin announced. */
  readonly protocolVersions: readonly number[];
  kill(): Promise<unknown>;
}

/** How long {@link RPCClient.ping} waits by default, in milliseconds. */
const pingTimeoutMs = 5_000;

/** Makes the connection that users see. */
export function createRPCClient<P>(end: HostEnd, owner: RPCOwner): RPCClientOf<P> {
  const rpc: RPCClient<P> = new SessionClient<P>(end, owner);
  // This cast is safe, because both sides have agreed on a version, and the type has the names of every
  // version.
  return rpc as RPCClientOf<P>;
}

class SessionClient<P> implements RPCClient<P> {
  readonly broker: StreamBroker;
  readonly protocolVersion: number;
  readonly closed: Promise<void>;
  readonly #end: HostEnd;
  readonly #owner: RPCOwner;

  constructor(end: HostEnd, owner: RPCOwner) {
    const { broker } = end;
    this.#end = end;
    this.#owner = owner;
    this.protocolVersion = owner.protocolVersion;
    this.closed = end.session.closed.catch(() => {});
    this.broker = {
      nextId: () => broker.nextId(),
      accept: (id, options) => handled(this.#held(broker.accept(id, options))),
      dial: (id) => handled(this.#held(broker.dial(id))),
    };
  }

  async describe(options: DescribeOptions = {}): Promise<Description> {
    expectKeys('options', options, ['dispense', 'timeoutMs', 'signal']);
    const { dispense = true, timeoutMs, signal } = options;
    expect(typeof dispense === 'boolean', 'dispense', 'true or false', dispense);
    if (timeoutMs !== undefined) expectDuration('timeoutMs', timeoutMs);
    expectSignal(signal);
    const { control, shared, session } = this.#end;
    const callOptions = { deadlineMs: timeoutMs, signal };
    return await describePlugin(
      {
        control,
        protocolVersions: this.#owner.protocolVersions,
        canDescribe: shared.capabilities.has('describe'),
        callOptions,
        hasEnded: () => session.hasEnded,
        dispense: async (name) => this.#end.converse(await this.#ask(name, callOptions), name),
      },
      dispense,
    );
  }

  async dispense<K extends keyof P & string>(name: K, options: DispenseOptions = {}): Promise<Remote<P[K]>> {
    return this.#remote<P[K]>(name, await this.#ask(name, checkDispense(name, options)));
  }

  /** Asks for an implementation. Resolves with the broker id by which it can be dialled. */
  async #ask(name: string, options: CallOptions | undefined): Promise<number> {
    if (this.#owner.activity.isDraining) throw draining(`dispense('${name}')`);
    return await askToDispense(this.#end.control, controlMethods.dispense, name, 'the plugin', options);
  }

  #remote<T>(name: string, id: number): Remote<T> {
    const { activity } = this.#owner;
    try {
      return dispensedRemote<T>(this.#end.converse(id, name), name, () => activity.isDraining);
    } catch (error) {
      // The session ended after the answer.
      throw markSent(error, true);
    }
  }

  async ping(options: PingOptions = {}): Promise<number> {
    expectKeys('options', options, ['timeoutMs', 'timeout']);
    const { timeout } = options;
    expect(
      timeout === undefined || options.timeoutMs === undefined,
      'options',
      'made of timeoutMs or its old name timeout, not both',
    );
    const { timeoutMs = timeout ?? pingTimeoutMs } = options;
    expect(typeof timeoutMs === 'number' && timeoutMs > 0, 'timeoutMs', 'milliseconds above 0', timeoutMs);
    const asked = clock();
    const answer = this.#end.control.call(controlMethods.ping, [true]);
    if (!(await settlesWithin(answer, timeoutMs))) {
      const message = `the plugin did not answer a ping within ${timeoutMs} ms: its event loop may be blocked`;
      throw markSent(new PipeworkError('RPC_DEADLINE', message), true);
    }
    await answer;
    return clock() - asked;
  }

  async close(): Promise<void> {
    await this.#owner.kill();
  }

  diagnostics(): Diagnostics {
    const { shared, session } = this.#end;
    const { pendingCalls, references, valueStreams } = shared.counts;
    const runningCalls = shared.counts.runningCalls + shared.counts.runningCallbacks;
    const streams = Math.max(0, session.streamCount - 3);
    const { brokerStreams } = this.#owner.activity;
    return { streams, pendingCalls, runningCalls, references, valueStreams, brokerStreams };
  }

  /** Counts a stream of the broker as under way from now until it is closed, or until `opening` rejects. */
  async #held(opening: Promise<MuxStream>): Promise<MuxStream> {
    this.#owner.activity.countBrokerStream(1);
    try {
      const stream = await opening;
      stream.once('close', () => this.#owner.activity.countBrokerStream(-1));
      return stream;
    } catch (error) {
      this.#owner.activity.countBrokerStream(-1);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
