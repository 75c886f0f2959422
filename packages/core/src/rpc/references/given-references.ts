/** What one conversation gave out by reference, with how often the peer has it. */
import { inspect } from 'node:util';
import { dispose } from '../../base/dispose.ts';
import { PipeworkError } from '../../base/errors.ts';
import type { SharedCounts } from '../../session/shared.ts';
import type { GivenReference } from './reference-types.ts';
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

  /** Counts one more of `target`, under the id that it has or gets. `attach` runs for a new one; what it returns, when it leaves. */
  give(
    target: object,
    handedOver: boolean,
    attach: ((id: number) => () => void) | undefined,
  ): GivenReference {
    let entry = this.#byTarget.get(target);
    if (entry === undefined) {
      const id = this.#nextId++;
      entry = { id, target, count: 0, isHandedOver: false, detach: attach?.(id) };
      this.#byId.set(id, entry);
      this.#byTarget.set(target, entry);
      this.#counts.references++;
    }
    entry.count++;
    if (handedOver) entry.isHandedOver = true;
    return entry;
  }

  /** Counts so many less. Those that the peer takes back twice are gone already. */
  takeBack(entry: GivenReference, count: number): void {
    if (entry.count <= 0) return;
    entry.count -= count;
    if (entry.count > 0) return;
    entry.count = 0;
    this.#byId.delete(entry.id);
    this.#byTarget.delete(entry.target);
    this.#counts.references--;
    void letGo(entry);
  }

  /** Runs a call of the peer's to a function, or to a method of an object. */
  invoke(id: unknown, name: unknown, args: unknown[]): unknown {
    const entry = this.#byId.get(id as number);
    if (entry === undefined) {
      throw new PipeworkError(
        'RPC_REFERENCE_RELEASED',
        'The reference was called after it had been released. It lives until the call it came with has settled; retain() it to keep it longer.',
      );
    }
    const { target } = entry;
    if (name === undefined || name === null) {
      if (typeof target !== 'function') throw unknownMethod('of a reference that is no function');
      return Reflect.apply(target, undefined, args);
    }
    if (typeof name !== 'string') throw unknownMethod('that is no string');
    const remote = remoteTargetOf(target);
    if (remote?.call !== undefined) return remote.call(name, args);
    const method = findMethod(target, name);
    if (method === undefined) throw unknownMethod(name, target);
    return Reflect.apply(method, target, args);
  }

  /** The peer has nothing any more. Resolves when what wanted to hear of that has heard. */
  async clear(): Promise<void> {
    this.#counts.references -= this.#byId.size;
    const entries = [...this.#byId.values()];
    this.#byId.clear();
    this.#byTarget.clear();
    await Promise.all(entries.map((entry) => letGo(entry)));
  }
}

/** The peer has it no more. An object that was handed over is disposed of, as a dispensed implementation is. */
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
