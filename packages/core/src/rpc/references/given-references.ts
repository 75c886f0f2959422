/** The references that one conversation has given to the peer, and how often the peer holds each of them. */
import { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { haveSameStores } from '../../base/async-stores.ts';
import { dispose } from '../../base/dispose.ts';
import { PipeworkError } from '../../base/errors.ts';
import type { SharedCounts } from '../../session/shared.ts';
import type { GivenReference, Scope } from './reference-types.ts';
import { isMarked, remoteTargetOf } from '../remote/stand-in.ts';
import { findMethod, unknownMethod } from '../api/served-object.ts';

export class GivenReferences {
  readonly #counts: SharedCounts;
  readonly #byId = new Map<number, GivenReference>();
  /** The entry of each target that was added last. */
  readonly #byTarget = new Map<object, GivenReference>();
  /** The entry of each target that was handed over or that the peer has retained. */
  readonly #kept = new Map<object, GivenReference>();
  #nextId = 1;

  constructor(counts: SharedCounts) {
    this.#counts = counts;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: number): GivenReference | undefined {
    return this.#byId.get(id);
  }

  /**
   * Counts one more hold of `target`, under its known id or a new id. For a signal that gets a new id,
   * `attach` is called, and the function that `attach` returns is called when the signal is released.
   */
  give(
    target: object,
    isHandedOver: boolean,
    scope: Scope,
    attach: ((id: number) => () => void) | undefined,
  ): GivenReference {
    const entry = this.#known(target, isHandedOver, scope) ?? this.#add(target, scope, attach);
    entry.count++;
    if (isHandedOver) {
      entry.isHandedOver = true;
      this.#kept.set(target, entry);
    }
    return entry;
  }

  /**
   * Returns the entry under which `target` is given again; undefined if it gets a new id.
   *
   * A function runs in the asynchronous context in which it was given. If a function is an argument of two
   * pending calls, it gets a different id in each of them. With one id, the peer's calls of the function for
   * one pending call would run in the context of the other pending call. A reference that the peer keeps has
   * the same id in every message from a context with the same stores, so that the peer recognises it. An
   * object that was handed over has one id, because it is disposed of once.
   */
  #known(target: object, isHandedOver: boolean, scope: Scope): GivenReference | undefined {
    const latest = this.#byTarget.get(target);
    if (latest?.scope === scope) return latest;
    const known = this.#kept.get(target) ?? (isHandedOver ? latest : undefined);
    if (known === undefined || (isHandedOver && known.isHandedOver)) return known;
    const { context } = known;
    return context !== undefined && haveSameStores(context, makeContext()) ? known : undefined;
  }

  #add(target: object, scope: Scope, attach: ((id: number) => () => void) | undefined): GivenReference {
    const id = this.#nextId++;
    const entry = {
      id,
      target,
      count: 0,
      isHandedOver: false,
      context: attach === undefined ? makeContext() : undefined,
      scope,
      detach: attach?.(id),
    };
    this.#byId.set(id, entry);
    this.#byTarget.set(target, entry);
    this.#counts.references++;
    return entry;
  }

  /** Counts one more hold of a reference, because the peer keeps it beyond the call in which it came. */
  retain(entry: GivenReference): void {
    entry.count++;
    if (!this.#kept.has(entry.target)) this.#kept.set(entry.target, entry);
  }

  /**
   * Counts `count` fewer holds of a reference, and releases the reference if no hold is left. Does nothing if
   * the reference is already released.
   */
  takeBack(entry: GivenReference, count: number): void {
    if (entry.count <= 0) return;
    entry.count -= count;
    if (entry.count > 0) return;
    entry.count = 0;
    this.#byId.delete(entry.id);
    if (this.#byTarget.get(entry.target) === entry) this.#byTarget.delete(entry.target);
    if (this.#kept.get(entry.target) === entry) this.#kept.delete(entry.target);
    this.#counts.references--;
    void letGo(entry);
  }

  /**
   * Returns the context in which the reference was given. The peer's calls to the reference run in this
   * context, and the answers are sent in it.
   */
  contextOf(id: unknown): AsyncResource | undefined {
    return this.#byId.get(id as number)?.context;
  }

  /**
   * Runs a call of the peer to the reference with this id. For an object, `name` is the name of the method.
   */
  invoke(id: unknown, name: unknown, args: unknown[]): unknown {
    const entry = this.#byId.get(id as number);
    if (entry === undefined) {
      throw new PipeworkError(
        'RPC_REFERENCE_RELEASED',
        'the reference was called after its release. A reference is released when the call that brought it has settled. Call retain() to keep it longer',
      );
    }
    return call(entry.target, name, args);
  }

  /** Releases every reference. Resolves after every dispose method has run. */
  async clear(): Promise<void> {
    this.#counts.references -= this.#byId.size;
    const entries = [...this.#byId.values()];
    this.#byId.clear();
    this.#byTarget.clear();
    this.#kept.clear();
    await Promise.all(entries.map((entry) => letGo(entry)));
  }
}

function makeContext(): AsyncResource {
  return new AsyncResource('PIPEWORK_REFERENCE');
}

/** Calls a function, or a method of an object. */
function call(target: object, name: unknown, args: unknown[]): unknown {
  if (name === undefined || name === null) {
    if (typeof target !== 'function') throw unknownMethod('of a reference that is not a function');
    return Reflect.apply(target, undefined, args);
  }
  if (typeof name !== 'string') throw unknownMethod('that is not a string');
  const remote = remoteTargetOf(target);
  if (remote?.call !== undefined) return remote.call(name, args);
  const method = findMethod(target, name);
  if (method === undefined) throw unknownMethod(name, target);
  return Reflect.apply(method, target, args);
}

/**
 * Releases a target that the peer no longer holds. If the target is a marked object that was handed over,
 * disposes of it in the asynchronous context in which it was given.
 */
async function letGo({ target, context, detach, isHandedOver }: GivenReference): Promise<void> {
  detach?.();
  if (!isHandedOver || !isMarked(target)) return;
  try {
    await context?.runInAsyncScope(dispose, undefined, target);
  } catch (error) {
    const text = `disposing of an object that was given by reference failed: ${inspect(error)}`;
    process.emitWarning(text, 'PipeworkWarning');
  }
}
