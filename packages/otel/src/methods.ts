/** The names of calls, and the attributes that all calls of one name share. */
import type { Attributes } from '@opentelemetry/api';
import type { CallTrace } from '@pipework/core/plugin';
import { attributes, other, system } from './names.ts';

/** What is known of a method before it is called. */
export interface Method {
  /**
   * The name of the method's spans, and the value of `rpc.method`, such as `greeter/greet`. If a function was
   * given, the name of its calls is `greeter/$call`. If an object was given, the name of its method `next` is
   * `greeter/$call.next`.
   */
  readonly name: string;
  readonly attributes: Attributes;
  /** The attributes of the method's metrics, by `error.type`. */
  readonly byFailure: Map<string | undefined, Attributes>;
}

/**
 * How many methods get a name of their own. Further methods are `_OTHER`. The names of answered calls come
 * from the peer, which could send any number of them.
 */
const maxMethods = 2_000;

const implementationPrefix = 'Plugin.';
const runtimePrefix = '$/';

export class Methods {
  readonly #byService = new Map<string | undefined, Map<string, Method>>();
  readonly #isClient: boolean;
  #size = 0;

  constructor(isClient: boolean) {
    this.#isClient = isClient;
  }

  of({ service, method, peer }: CallTrace): Method {
    // The peer is part of the key only on the side that calls, because only that side reports it.
    const key = this.#isClient ? `${peer}\n${service ?? ''}` : service;
    const methods = this.#byService.get(key);
    return methods?.get(method) ?? this.#add(key, service, method, peer);
  }

  /** Returns the method that stands for every method that does not exist. */
  unknown(call: CallTrace): Method {
    return make(other, this.#isClient ? call.peer : undefined);
  }

  #add(key: string | undefined, service: string | undefined, method: string, peer: string): Method {
    const toldPeer = this.#isClient ? peer : undefined;
    if (this.#size >= maxMethods) return make(other, toldPeer);
    this.#size += 1;
    const made = make(nameOf(service, method), toldPeer);
    const methods = this.#byService.get(key) ?? new Map<string, Method>();
    this.#byService.set(key, methods.set(method, made));
    return made;
  }
}

function make(name: string, peer: string | undefined): Method {
  const plugin = peer === undefined ? undefined : pluginOf(peer);
  return {
    name,
    attributes: {
      [attributes.system]: system,
      [attributes.method]: name,
      [attributes.transport]: 'pipe',
      ...(plugin === undefined ? {} : { [attributes.plugin]: plugin }),
    },
    byFailure: new Map(),
  };
}

/** Returns the plugin's name from the description of a peer that is a plugin, such as `plugin greeter`. */
export function pluginOf(peer: string): string | undefined {
  return peer.startsWith('plugin ') ? peer.slice('plugin '.length) : undefined;
}

function nameOf(service: string | undefined, method: string): string {
  const short = method.startsWith(runtimePrefix)
    ? `$${method.slice(runtimePrefix.length)}`
    : method.startsWith(implementationPrefix)
      ? method.slice(implementationPrefix.length)
      : method;
  return service === undefined ? short : `${service}/${short}`;
}
