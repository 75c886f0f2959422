/** The services that a host offers one plugin: made on request, served on streams of their own, disposed of with the session. */

import type { RawStream } from '@pipework/mux/lean';
import { PipeworkError } from '../base/errors.ts';
import type { HandlerInterceptor } from '../rpc/api/interceptors.ts';
import { unknownMethod } from '../rpc/api/served-object.ts';
import { Conversation } from '../rpc/calls/conversation.ts';
import { Dispenser, type DispenseFactory } from '../rpc/calls/dispenser.ts';
import type { Shared } from '../session/shared.ts';
import { sentences, serviceMethods } from '../session/wire-words.ts';
import type { Log } from './output/logger.ts';
import type { ClientSettings, ServiceContext } from './start/config.ts';

/** What a host offers, bound to the client that it is offered to. */
export interface ServiceOffer {
  /** Returns the factory of this name; undefined if it is not offered. */
  find(name: string): DispenseFactory | undefined;
  readonly names: readonly string[];
  readonly interceptors: readonly HandlerInterceptor[];
  /** Tells of what went wrong without a caller who could hear of it. */
  report(message: string, error: unknown): void;
}

/** Returns what the settings offer; undefined if they offer nothing. */
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

  /** True while a stream of values of a service, or a call to what the plugin gave one, is under way. */
  get isUnderWay(): boolean {
    return [...this.#dispenser.conversations].some(({ isUnderWay }) => isUnderWay);
  }

  /** The session is over. Factories that are still at work hear it too. */
  end(reason: Error): void {
    this.#dispenser.abort(reason);
  }

  /** Takes a stream on which the plugin asks for services. */
  take(stream: RawStream): void {
    const served = {
      invoke: (method: string, params: unknown[]): Promise<number> => {
        if (method !== serviceMethods.dispense) throw unknownMethod(method);
        return this.#dispenser.dispense(params[0]);
      },
    };
    new Conversation(stream, { shared: this.#shared, served });
  }
}
