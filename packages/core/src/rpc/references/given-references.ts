/** The references that one conversation has given to the peer, and how often the peer holds each of them. */
import { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { dispose } from '../../base/dispose.ts';
import { PipeworkError } from '../../base/errors.ts';
import type { SharedCounts } from '../../session/shared.ts';
import type { GivenReference, Scope } from './reference-types.ts';
import { isMarked, remoteTargetOf } from '../remote/stand-in.ts';
import { findMethod, unknownMethod } from '../api/served-object.ts';

export class GivenReferences {
  readonly #counts: SharedCounts;
  readonly #byId = new Map<number, GivenReference>();
  readonly #byTarget = new Map<object, GivenReference>();
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
   *
   * A function runs in the asynchronous context in which it was given. If a function is an argument of two
   * pending calls, it gets a different id in each of them. With one id, the peer's calls of the function for
   * one pending call would run in the context of the other pending call. A reference that the peer keeps has
   * the same id in every message, so that the peer recognises it.
   */
  give(
    target: object,
    isHandedOver: boolean,
    scope: Scope,
    attach: ((id: number) => () => void) | undefined,
  ): GivenReference {
    const known = this.#byTarget.get(target);
    const isKept = known !== undefined && (known.isRetained || known.isHandedOver || isHandedOver);
    const isShared = known !== undefined && (attach !== undefined || isKept || known.scope === scope);
    const entry = isShared ? known : this.#add(target, scope, attach);
    if (attach === undefined && (entry.context === undefined || entry.scope !== scope))
      entry.context = new AsyncResource('PIPEWORK_REFERENCE');
    entry.scope = scope;
    entry.count++;
    if (isHandedOver) entry.isHandedOver = true;
    return entry;
  }

  #add(target: object, scope: Scope, attach: ((id: number) => () => void) | undefined): GivenReference {
    const id = this.#nextId++;
    const entry = {
      id,
      target,
      count: 0,
      isHandedOver: false,
      context: undefined,
      scope,
      isRetained: false,
      detach: attach?.(id),
    };
    this.#byId.set(id, entry);
    this.#byTarget.set(target, entry);
    this.#counts.references++;
    return entry;
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
    await Promise.all(entries.map((entry) => letGo(entry)));
  }
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
 * disposes of it.
 */
async function letGo({ target, detach, isHandedOver }: GivenReference): Promise<void> {
  detach?.();
  if (!isHandedOver || !isMarked(target)) return;
  try {
    await dispose(target);
  } catch (error) {
    const text = `disposing of an object that was given by reference failed: ${inspect(error)}`;
    process.emitWarning(text, 'PipeworkWarning');
  }
}
