/**
 * The plugin's end of one session, over any pair of byte streams. It owns the mux, accepts the first three
 * streams, and serves the control stream.
 */

import { LeanSession, type RawStream } from '@pipework/mux/lean';
import type { Readable, Writable } from 'node:stream';
import { Broker } from '../session/broker.ts';
import { sessionOptions } from '../session/session-options.ts';
import { controlMethods, sentences } from '../session/wire-words.ts';
import { PipeworkError } from '../base/errors.ts';
import type { HostGreeting } from '../handshake/env.ts';
import { parseCapabilities } from '../session/capabilities.ts';
import { keepContextEverywhere, type CallContext } from '../rpc/api/call-context.ts';
import { Conversation } from '../rpc/calls/conversation.ts';
import { Dispenser, type DispenseFactory } from '../rpc/calls/dispenser.ts';
import { Shared } from '../session/shared.ts';
import { listNames, unknownMethod, type ServedObject } from '../rpc/api/served-object.ts';
import { realTimers } from '../base/timers.ts';
import { HostServices } from './host-services.ts';
import { runtimeName, type Identity } from './identity.ts';
import { leave } from './leaving.ts';
import type { PluginContext, ServeSettings } from './options.ts';
import type { SyncedOutput } from './process/synced-output.ts';

/** After its answer to Quit, a plugin waits this long for the host to close the pipe, in milliseconds. */
const closeFollowsMs = 500;
/**
 * Printed output delays the answer to Quit. The delay ends when no output has been sent for this long, in
 * milliseconds.
 */
const outputStuckMs = 200;
/** If the host is gone, running handlers and the shutdown hook may take this long, in milliseconds. */
const hostGoneMs = 500;

/** The options of {@link PluginEnd}, the plugin's side of a session. */
export interface PluginEndOptions {
  readonly readable: Readable;
  readonly writable: Writable;
  readonly settings: ServeSettings;
  readonly greeting: HostGreeting;
  readonly protocolVersion: number;
  /** Returns the plugin's name and version. Called when the host asks for a description. */
  readonly identity: () => Identity;
  readonly stdout: SyncedOutput;
  readonly stderr: SyncedOutput;
  /** The members of a context, except its broker, signal and host. */
  readonly context: Omit<PluginContext, 'broker' | 'signal' | 'host'>;
}

/** The plugin's end of a session. */
export class PluginEnd {
  readonly session: LeanSession;
  /** Resolves after the host has ended the session or is gone, and the shutdown hook has run. */
  readonly done: Promise<void>;
  /** True if the host ended without a Quit. */
  hostIsGone = false;

  readonly #options: PluginEndOptions;
  readonly #broker: Broker;
  readonly #shared: Shared;
  readonly #dispenser: Dispenser;
  readonly #services: HostServices;
  readonly #served: ServedObject;
  #streams = 0;
  #leaving: Promise<void> | undefined;
  #resolveDone!: () => void;

  constructor(options: PluginEndOptions) {
    const { settings, greeting, stdout, stderr } = options;
    if (settings.callContext === 'everywhere') keepContextEverywhere();
    this.#options = options;
    this.done = new Promise((resolve) => (this.#resolveDone = resolve));
    this.session = new LeanSession(
      { readable: options.readable, writable: options.writable },
      {
        ...sessionOptions,
        role: 'server',
        name: 'plugin',
        onStream: (stream: RawStream) => this.#take(stream),
      },
    );
    this.#broker = new Broker(this.session, settings.limits, { peer: 'the host' });
    this.#shared = new Shared({
      broker: this.#broker,
      capabilities: parseCapabilities(greeting.capabilities.join(',')),
      limits: settings.limits,
      peer: 'the host',
      redactError: settings.redactError,
      beforeReply: () => {
        stdout.expedite();
        stderr.expedite();
      },
    });
    this.#dispenser = new Dispenser({
      shared: this.#shared,
      handlerInterceptors: settings.interceptors,
      find: (name) => this.#factoryOf(name),
      refusal: () => (this.#leaving === undefined ? undefined : sentences.shuttingDown),
      report: (message, error) => options.context.log.debug(message, { error }),
    });
    this.#services = new HostServices(this.#shared, settings.callInterceptors);
    this.#served = { invoke: (method, params, context) => this.#answer(method, params, context) };
    const over = (reason?: Error): void => this.#sessionOver(reason);
    this.session.closed.then(() => over(), over);
  }

  /**
   * Must be called when descriptor 3 or the control stream has ended. After a Quit, the host has closed them
   * on purpose. Without a Quit, the host is gone.
   */
  hostEnded(): void {
    if (this.#leaving !== undefined) {
      void this.#leaving.then(() => this.#end());
      return;
    }
    this.hostIsGone = true;
    this.#leaving = this.#leave(hostGoneMs, false);
    void this.#leaving.then(() => this.#end());
  }

  /**
   * Ends the services, and resolves `done`. The services end here. Otherwise code after `serve()` could wait
   * for a service while the pipes remain open.
   */
  #end(): void {
    this.#services.end();
    this.#resolveDone();
  }

  /** Leaves within `budgetMs`, as if the host had sent Quit. */
  quit(budgetMs: number): Promise<void> {
    this.#leaving ??= this.#leave(budgetMs, true);
    return this.#leaving;
  }

  #take(stream: RawStream): void {
    this.#streams += 1;
    if (this.#streams === 1) this.#control(stream);
    else if (this.#streams === 2) this.#options.stdout.attach(stream);
    else if (this.#streams === 3) this.#options.stderr.attach(stream);
    else this.#broker.handle(stream);
  }

  /**
   * Serves the control stream, on which the host makes all of its requests, Quit included. So the session
   * ends with this stream.
   */
  #control(stream: RawStream): void {
    const control = new Conversation(stream, { shared: this.#shared, served: this.#served });
    void control.closed.then(() => this.hostEnded());
  }

  #answer(method: string, params: unknown[], context: CallContext): unknown {
    switch (method) {
      case controlMethods.ping:
        return true;
      case controlMethods.quit:
        return this.#quitAsked(params[0]);
      case controlMethods.dispense:
        return this.#dispenser.dispense(params[0], context.signal);
      case controlMethods.describe:
        return this.#describe();
      default:
        throw unknownMethod(method);
    }
  }

  #describe(): Record<string, unknown> {
    const { settings, protocolVersion, identity } = this.#options;
    const { name, version } = identity();
    return {
      runtime: runtimeName(),
      protocolVersions: [...settings.sets.keys()].toSorted((a, b) => a - b),
      plugins: Object.keys(settings.sets.get(protocolVersion) ?? {}),
      ...(name === undefined ? {} : { name }),
      ...(version === undefined ? {} : { version }),
    };
  }

  /**
   * Answers Quit. `asked` is the time for which the host waits, in milliseconds. If `asked` is not a number,
   * the host waits for the time that it announced at the start.
   */
  async #quitAsked(asked: unknown): Promise<boolean> {
    const { greeting, settings, stdout, stderr } = this.#options;
    const graceMs = typeof asked === 'number' && asked >= 0 ? asked : greeting.graceMs;
    await this.quit(Math.min(settings.gracePeriod, graceMs * 0.75));
    // After the answer to Quit, the host sends no more credit. So output that does not fit the windows must
    // be sent before this answer.
    await Promise.all([stdout, stderr].map((output) => output.flushed(graceMs * 0.2, outputStuckMs)));
    // The host closes the pipe after the answer. If the host does not, the plugin ends soon nevertheless.
    realTimers.setTimeout(() => this.#resolveDone(), closeFollowsMs).unref();
    return true;
  }

  /** Returns a function that makes an implementation by the factory with this name. */
  #factoryOf(name: string): DispenseFactory {
    const { settings, protocolVersion, context } = this.#options;
    const set = settings.sets.get(protocolVersion) ?? {};
    const factory = Object.hasOwn(set, name) ? set[name] : undefined;
    if (factory === undefined) {
      const served = listNames(Object.keys(set), 'nothing');
      const message = `${sentences.unknownPlugin}${name}: this plugin serves ${served}`;
      throw new PipeworkError('RPC_UNKNOWN_PLUGIN', message);
    }
    return (signal) => factory({ ...context, broker: this.#broker, host: this.#services, signal });
  }

  #leave(budgetMs: number, graceful: boolean): Promise<void> {
    const { onShutdown } = this.#options.settings;
    return leave(
      {
        conversations: this.#dispenser.conversations,
        onShutdown,
        abort: (reason) => {
          this.#dispenser.abort(reason);
          this.#services.leave(reason);
        },
        ended: () => Promise.all([this.#dispenser.ended(), this.#shared.cleanUps.ended()]),
        cutStreams: (reason) => this.#broker.cut(reason),
        dispose: () => this.#dispenser.letGoAll(),
        report: (error) => this.#options.context.log.error('onShutdown failed', { error }),
      },
      budgetMs,
      graceful,
    );
  }

  #sessionOver(reason: Error | undefined): void {
    this.#broker.close(reason ?? new Error('the session is over'));
    this.hostEnded();
  }
}
