/** The plugin's end of one session: mux, the first three streams, the control service. Independent of what carries the bytes. */

import { LeanSession, type RawStream } from '@pipework/mux/lean';
import type { Readable, Writable } from 'node:stream';
import { Broker } from '../session/broker.ts';
import { dispenseExpiryMs, sessionOptions } from '../session/session-options.ts';
import { controlMethods, implementationPrefix, sentences } from '../session/wire-words.ts';
import { dispose } from '../base/dispose.ts';
import { PipeworkError } from '../base/errors.ts';
import type { HostGreeting } from '../handshake/env.ts';
import { parseCapabilities } from '../session/capabilities.ts';
import { Conversation } from '../rpc/calls/conversation.ts';
import { Shared } from '../session/shared.ts';
import { servedObjectOf, unknownMethod, type ServedObject } from '../rpc/api/served-object.ts';
import { realTimers } from '../base/timers.ts';
import { leave } from './leaving.ts';
import type { PluginContext, ServeSettings } from './options.ts';
import type { SyncedOutput } from './process/synced-output.ts';

/** How long a plugin that has answered Quit waits for the host to close the pipe, in milliseconds. */
const closeFollowsMs = 500;
/** Printed output that has not moved for this long does not hold up the answer to Quit, in milliseconds. */
const outputStuckMs = 200;
/** What running handlers and the shutdown hook get when the host is gone, in milliseconds. */
const hostGoneMs = 500;

type Factory = (context: PluginContext) => unknown;

/** What a plugin's end is made of. */
export interface PluginEndOptions {
  readonly readable: Readable;
  readonly writable: Writable;
  readonly settings: ServeSettings;
  readonly greeting: HostGreeting;
  readonly protocolVersion: number;
  readonly stdout: SyncedOutput;
  readonly stderr: SyncedOutput;
  /** What a context holds beside its broker and signal. */
  readonly context: Omit<PluginContext, 'broker' | 'signal'>;
}

/** A plugin's end. */
export class PluginEnd {
  readonly session: LeanSession;
  /** Resolves when the host is done with this plugin, or is gone, and the shutdown hook has run. */
  readonly done: Promise<void>;
  /** True where the host went without a Quit. */
  hostIsGone = false;

  readonly #options: PluginEndOptions;
  readonly #broker: Broker;
  readonly #shared: Shared;
  readonly #conversations = new Set<Conversation>();
  /** What was dispensed and is not disposed of, by its context's signal; undefined while its factory is at work. */
  readonly #dispensed = new Map<AbortController, object | undefined>();
  readonly #served: ServedObject;
  #streams = 0;
  #leaving: Promise<void> | undefined;
  #resolveDone!: () => void;

  constructor(options: PluginEndOptions) {
    const { settings, greeting, stdout, stderr } = options;
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
    this.#broker = new Broker(this.session, settings.limits);
    this.#shared = new Shared({
      broker: this.#broker,
      capabilities: parseCapabilities(greeting.capabilities.join(',')),
      limits: settings.limits,
      name: 'the host',
      redactError: settings.redactError,
      beforeReply: () => {
        stdout.expedite();
        stderr.expedite();
      },
    });
    this.#served = { invoke: (method, params) => this.#answer(method, params) };
    const over = (reason?: Error): void => this.#sessionOver(reason);
    this.session.closed.then(() => over(), over);
  }

  /** Descriptor 3 or the control stream ended: after Quit that is the host's goodbye, without it the host is gone. */
  hostEnded(): void {
    if (this.#leaving !== undefined) {
      void this.#leaving.then(() => this.#resolveDone());
      return;
    }
    this.hostIsGone = true;
    this.#leaving = this.#leave(hostGoneMs, false);
    void this.#leaving.then(() => this.#resolveDone());
  }

  /** Leaves as for a Quit, within `budgetMs`. */
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

  /** Without it nobody can ask anything of this plugin any more, not even to leave: its end is the session's. */
  #control(stream: RawStream): void {
    const control = new Conversation(stream, { shared: this.#shared, served: this.#served });
    void control.closed.then(() => this.hostEnded());
  }

  #answer(method: string, params: unknown[]): unknown {
    switch (method) {
      case controlMethods.ping:
        return true;
      case controlMethods.quit:
        return this.#quitAsked();
      case controlMethods.dispense:
        return this.#dispense(params[0]);
      default:
        throw unknownMethod(method);
    }
  }

  async #quitAsked(): Promise<boolean> {
    const { greeting, settings } = this.#options;
    const { stdout, stderr } = this.#options;
    await this.quit(Math.min(settings.gracePeriod, greeting.graceMs * 0.75));
    // After the answer the host sends no credit any more: what doesn't fit the windows has to leave before it.
    await Promise.all(
      [stdout, stderr].map((output) => output.flushed(greeting.graceMs * 0.2, outputStuckMs)),
    );
    // A host that forgets to close the pipe after the answer is not waited for long.
    realTimers.setTimeout(() => this.#resolveDone(), closeFollowsMs).unref();
    return true;
  }

  async #dispense(name: unknown): Promise<number> {
    if (this.#leaving !== undefined) throw new PipeworkError('RPC_SHUTTING_DOWN', sentences.shuttingDown);
    const { settings, protocolVersion, context } = this.#options;
    const set = settings.sets.get(protocolVersion) ?? {};
    const factory = typeof name === 'string' && Object.hasOwn(set, name) ? set[name] : undefined;
    if (factory === undefined)
      throw new PipeworkError('RPC_UNKNOWN_PLUGIN', sentences.unknownPlugin + String(name));
    const controller = new AbortController();
    this.#dispensed.set(controller, undefined);
    const served = await this.#make(String(name), factory, controller);
    if (this.#leaving !== undefined) {
      void this.#letGo(controller);
      throw new PipeworkError('RPC_SHUTTING_DOWN', sentences.shuttingDown);
    }
    const id = this.#broker.nextId();
    this.#broker.acceptWith(
      id,
      {
        // In the same turn: the stream's first call may be there already, and so may Quit be behind it.
        resolve: (stream) => this.#serve(stream, served, controller),
        reject: (error) => {
          context.log.debug('a dispensed implementation was never used', { error });
          void this.#letGo(controller);
        },
      },
      dispenseExpiryMs,
    );
    return id;
  }

  async #make(name: string, factory: Factory, controller: AbortController): Promise<ServedObject> {
    const { context } = this.#options;
    try {
      const implementation = await factory({ ...context, broker: this.#broker, signal: controller.signal });
      const served = servedObjectOf(implementation as object, `what the factory of ${name} makes`);
      this.#dispensed.set(controller, implementation as object);
      return served;
    } catch (error) {
      this.#dispensed.delete(controller);
      throw error;
    }
  }

  #serve(stream: RawStream, served: ServedObject, controller: AbortController): void {
    const conversation = new Conversation(stream, {
      shared: this.#shared,
      served,
      prefix: implementationPrefix,
      handlerInterceptors: this.#options.settings.interceptors,
    });
    this.#conversations.add(conversation);
    if (this.#leaving !== undefined) conversation.refuseCalls(sentences.shuttingDown);
    void conversation.closed.then(() => {
      this.#conversations.delete(conversation);
      void this.#letGo(controller);
    });
  }

  /** Disposes of what was dispensed with this context, once. */
  async #letGo(controller: AbortController): Promise<void> {
    const implementation = this.#dispensed.get(controller);
    this.#dispensed.delete(controller);
    controller.abort(new PipeworkError('RPC_CLOSED', 'the host has let go of this implementation'));
    try {
      if (implementation !== undefined) await dispose(implementation);
    } catch (error) {
      this.#options.context.log.error('disposing of an implementation failed', { error });
    }
  }

  async #letGoAll(): Promise<void> {
    await Promise.all([...this.#conversations].map((conversation) => conversation.takeBackReferences()));
    const made = [...this.#dispensed].filter(([, implementation]) => implementation !== undefined);
    await Promise.all(made.map(([controller]) => this.#letGo(controller)));
  }

  #leave(budgetMs: number, graceful: boolean): Promise<void> {
    const { onShutdown } = this.#options.settings;
    return leave(
      {
        conversations: this.#conversations,
        onShutdown,
        abort: (reason) => {
          for (const controller of this.#dispensed.keys()) controller.abort(reason);
        },
        dispose: () => this.#letGoAll(),
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
