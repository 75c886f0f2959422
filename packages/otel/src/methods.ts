/** Finds the method of a call: its name, and the attributes that all its calls share. */
import type { Attributes } from '@opentelemetry/api';
import type { CallTrace } from '@pipework/core/plugin';
import { attributes, other, system } from './names.ts';

/** A method, with the attributes that are the same for all its calls. */
export interface Method {
  /**
   * The name of the method's spans, and the value of `rpc.method`, such as `greeter/greet`. For a call of a
   * function that was passed by reference, the name is `greeter/$call`. For a call of the method `next` of an
   * object that was passed by reference, the name is `greeter/$call.next`.
   */
  readonly name: string;
  readonly attributes: Attributes;
  /** The attributes of the method's metrics, by `error.type`. */
  readonly byFailure: Map<string | undefined, Attributes>;
}

/**
 * The maximum number of different methods that are reported by name. Further methods are reported as
 * `_OTHER`. The limit is needed because the peer chooses the names of the calls that it makes.
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
    // The peer is part of the key only for calls that this process makes, because only these report
    // `pipework.plugin`.
    const key = this.#isClient ? `${peer}\n${service ?? ''}` : service;
    const methods = this.#byService.get(key);
    return methods?.get(method) ?? this.#add(key, service, method, peer);
  }

  /** Returns the record `_OTHER`, under which calls of methods that do not exist are reported. */
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

/**
 * Returns the plugin's name in `peer`, such as `greeter` in `plugin greeter`. Returns undefined if the peer
 * is no plugin.
 */
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
