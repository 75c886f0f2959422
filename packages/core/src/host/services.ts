/**
 * The services that a host offers to one plugin. For each dispense of a service, the host makes an
 * implementation and serves it on a separate stream. All services are disposed of when the session ends.
 */

import type { RawStream } from '@pipework/mux/lean';
import { PipeworkError } from '../base/errors.ts';
import type { HandlerInterceptor } from '../rpc/api/interceptors.ts';
import type { CallContext } from '../rpc/api/call-context.ts';
import { unknownMethod } from '../rpc/api/served-object.ts';
import { Conversation } from '../rpc/calls/conversation.ts';
import { Dispenser, type DispenseFactory } from '../rpc/calls/dispenser.ts';
import type { Shared } from '../session/shared.ts';
import { sentences, serviceMethods } from '../session/wire-words.ts';
import type { Log } from './output/logger.ts';
import type { ClientSettings, ServiceContext } from './start/config.ts';

/** The services that a host offers to the plugin of one client. */
export interface ServiceOffer {
  /** Returns the factory of the service `name`; undefined if the host does not offer that service. */
  find(name: string): DispenseFactory | undefined;
  readonly names: readonly string[];
  readonly interceptors: readonly HandlerInterceptor[];
  /** Logs an error that no caller can receive, such as one thrown by a service's `[Symbol.dispose]()`. */
  report(message: string, error: unknown): void;
}

/** Returns the services in `provide`, or undefined if the client has no `provide`. */
export function offerOf(
  { provide, handlerInterceptors }: Pick<ClientSettings, 'provide' | 'handlerInterceptors'>,
  contextOf: (signal: AbortSignal) => ServiceContext,
  log: Log | undefined,
): ServiceOffer | undefined {
  if (provide === undefined) return undefined;
  return {
    names: Object.keys(provide),
    interceptors: handlerInterceptors,
    find: (name) => {
      const factory = Object.hasOwn(provide, name) ? provide[name] : undefined;
      return factory === undefined ? undefined : (signal) => factory(contextOf(signal));
    },
    report: (message, error) => log?.('warn', message, { error }),
  };
}

export class Services {
  readonly #shared: Shared;
  readonly #dispenser: Dispenser;

  constructor(shared: Shared, offer: ServiceOffer, onQuiet: () => void) {
    this.#shared = shared;
    this.#dispenser = new Dispenser({
      shared,
      handlerInterceptors: offer.interceptors,
      isService: true,
      find: (name) => {
        const factory = offer.find(name);
        if (factory !== undefined) return factory;
        throw new PipeworkError(
          'RPC_UNKNOWN_SERVICE',
          `${sentences.unknownService}${name}: this host offers ${offer.names.join(', ') || 'none'}`,
        );
      },
      refusal: () => undefined,
      report: offer.report,
      onQuiet,
    });
  }

  /** True while the plugin reads a stream of a service, or while a service calls a function of the plugin. */
  get isUnderWay(): boolean {
    return [...this.#dispenser.conversations].some(({ isUnderWay }) => isUnderWay);
  }

  /**
   * Called when the session has ended. Aborts the signal of each service, and of each factory that still
   * runs.
   */
  end(reason: Error): void {
    this.#dispenser.abort(reason);
  }

  /** Serves `Host.Dispense` on a stream that the plugin opened with broker id 0. */
  take(stream: RawStream): void {
    const served = {
      invoke: (method: string, params: unknown[], { signal }: CallContext): Promise<number> => {
        if (method !== serviceMethods.dispense) throw unknownMethod(method);
        return this.#dispenser.dispense(params[0], signal);
      },
    };
    new Conversation(stream, { shared: this.#shared, served });
  }
}
