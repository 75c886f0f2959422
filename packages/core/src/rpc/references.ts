/**
 * What one connection holds by reference: what it gave out (exports) and what it took (imports). Both ends count alike, from the
 * messages alone; nothing waits for the garbage collector. docs/protocol.md has the rules.
 */
import { PipeworkError } from '../errors.ts';
import type { Link } from './link.ts';
import { referenceMethods, type ReferenceHost } from './reference-host.ts';
import type { Export, Import, Scope } from './reference-types.ts';
import type { RunningCall } from './running-call.ts';
import type { PendingCall } from './pending-call.ts';
import { findMethod, unknownMethod } from './service.ts';
import { isIterableValue, iterableKind, StreamExport, type StreamKind } from './stream-export.ts';
import { importStream, type StreamImport } from './stream-import.ts';
import { isMarkedObject, makeRemoteFunction, makeRemoteObject, remoteTargetOf } from './remote-reference.ts';
import type { ReferenceSender } from './values/outbound.ts';
import { WireReference } from './values/wire.ts';

const abortedSignal = AbortSignal.abort();

export class References implements ReferenceSender {
  readonly #host: ReferenceHost;
  readonly #exports = new Map<number, Export>();
  readonly #exportsByTarget = new Map<object, Export>();
  readonly #imports = new Map<number, Import>();
  readonly #streams = new Map<number, StreamExport>();
  readonly #taken = new Set<StreamImport>();
  #nextId = 1;
  #scope: Scope | undefined;
  #callSignal: AbortSignal | undefined;
  #running: RunningCall | undefined;
  #pending: PendingCall | undefined;
  #lastTaken: Import[] = [];
  #closed: Error | undefined;

  constructor(host: ReferenceHost) {
    this.#host = host;
  }

  get link(): Link {
    return this.#host.link;
  }

  // Giving out

  isMarked(value: object): boolean {
    return isMarkedObject(value);
  }

  /** What is walked next belongs together: a call's arguments, a result, an item of a stream. */
  beginSending(callSignal?: AbortSignal, running?: RunningCall): void {
    this.#scope = undefined;
    this.#callSignal = callSignal;
    this.#running = running;
  }

  /** What the walk gave out since `beginSending`; undefined where it was nothing. */
  endSending(): Scope | undefined {
    const scope = this.#scope;
    this.#scope = undefined;
    this.#callSignal = undefined;
    this.#running = undefined;
    return scope;
  }

  send(value: object): WireReference | undefined {
    const remote = remoteTargetOf(value);
    if (remote !== undefined && remote.owner === this) {
      const known = this.#imports.get((remote as Import).id);
      if (known !== undefined) return new WireReference('yours', known.id);
    }
    if (typeof value === 'function') return this.#export(value, 'function');
    if (value instanceof AbortSignal) return this.#sendSignal(value);
    if (remote !== undefined || isMarkedObject(value)) return this.#export(value, 'object');
    if (isIterableValue(value)) return this.#exportStream(value, iterableKind(value));
    return undefined;
  }

  #scopeNow(): Scope {
    return (this.#scope ??= { exports: [], streams: [] });
  }

  #export(
    target: object,
    kind: 'function' | 'object' | 'signal',
    detach?: (id: number) => () => void,
  ): WireReference {
    let entry = this.#exportsByTarget.get(target);
    if (entry === undefined) {
      this.#checkRoom();
      const id = this.#nextId++;
      entry = { id, target, count: 0, detach: detach?.(id) };
      this.#exports.set(id, entry);
      this.#exportsByTarget.set(target, entry);
      this.link.counts.references++;
    }
    entry.count++;
    this.#scopeNow().exports.push(entry);
    return new WireReference(kind, entry.id);
  }

  #sendSignal(signal: AbortSignal): WireReference {
    if (signal === this.#callSignal) return new WireReference('callSignal', 0);
    if (signal.aborted) return new WireReference('abortedSignal', 0);
    return this.#export(signal, 'signal', (id) => {
      const listener = (): void => this.#host.notify(referenceMethods.abort, [id]);
      signal.addEventListener('abort', listener, { once: true });
      return () => signal.removeEventListener('abort', listener);
    });
  }

  #exportStream(value: object, kind: StreamKind): WireReference {
    this.#checkRoom();
    const running = this.#running;
    const stream = new StreamExport(value, this.#host, () => {
      this.#streams.delete(stream.id);
      if (running !== undefined) this.#host.givenStreamEnded(running);
    });
    if (running !== undefined) running.held.given++;
    this.#streams.set(stream.id, stream);
    this.#scopeNow().streams.push(stream);
    return new WireReference(kind, stream.id);
  }

  #checkRoom(): void {
    const held = this.size;
    if (held < this.link.limits.maxReferences) return;
    throw new PipeworkError(
      'RPC_OVERLOADED',
      `This connection holds ${held} references, the limit (maxReferences). Release what is retained: call [Symbol.dispose]() on it.`,
    );
  }

  /** Gives back what a message gave out: its call has settled, or it was never sent. */
  settle(scope: Scope | undefined): void {
    if (scope === undefined) return;
    for (const entry of scope.exports) this.#giveBack(entry, 1);
    for (const stream of scope.streams) stream.callSettled();
  }

  /** What a result gave out and could not be sent. */
  revoke(scope: Scope | undefined): void {
    if (scope === undefined) return;
    for (const entry of scope.exports) this.#giveBack(entry, 1);
    for (const stream of scope.streams) stream.drop();
  }

  #giveBack(entry: Export, count: number): void {
    if (entry.count <= 0) return;
    entry.count -= count;
    if (entry.count > 0) return;
    entry.count = 0;
    entry.detach?.();
    this.#exports.delete(entry.id);
    this.#exportsByTarget.delete(entry.target);
    this.link.counts.references--;
  }

  /** Runs a call of the peer's to something given out. */
  invoke(id: unknown, name: unknown, args: unknown[]): unknown {
    const entry = this.#exports.get(id as number);
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
    const remote = remoteTargetOf(target);
    if (remote?.call !== undefined && typeof name === 'string') return remote.call(name, args);
    const method = typeof name === 'string' ? findMethod(target, name) : undefined;
    if (method === undefined) throw unknownMethod(typeof name === 'string' ? name : 'that is no string');
    return Reflect.apply(method, target, args);
  }

  // Taking

  /** What is revived next belongs together: arguments of a running call, the result of a pending one, or an item. */
  beginTaking(running?: RunningCall, pending?: PendingCall): void {
    this.#running = running;
    this.#pending = pending;
    if (this.#lastTaken.length > 0) this.#lastTaken = [];
  }

  endTaking(): void {
    this.#running = undefined;
    this.#pending = undefined;
  }

  take(reference: WireReference): unknown {
    const { kind, id } = reference;
    switch (kind) {
      case 'callSignal':
        if (this.#running === undefined)
          throw new TypeError('the signal of a call came where there is no call');
        return this.#running.signal;
      case 'abortedSignal':
        return abortedSignal;
      case 'yours': {
        const own = this.#exports.get(id);
        if (own === undefined)
          throw new TypeError('a reference of this side came back after it had been released');
        return own.target;
      }
      case 'function':
      case 'object':
      case 'signal':
        return this.#import(kind, id).value;
      default:
        return this.#takeStream(kind, id);
    }
  }

  #takeStream(kind: StreamKind, id: number): object {
    this.#checkRoom();
    const pending = this.#pending;
    const running = this.#running;
    const { value, stream } = importStream(kind, id, this.#host, () => {
      this.#taken.delete(stream);
      if (pending === undefined) return;
      pending.streams?.delete(stream);
      this.#host.takenStreamEnded(pending);
    });
    this.#taken.add(stream);
    if (pending !== undefined) (pending.streams ??= new Set()).add(stream);
    if (running !== undefined) running.held.streams.push(stream);
    return value;
  }

  #import(kind: 'function' | 'object' | 'signal', id: number): Import {
    let entry = this.#imports.get(id);
    if (entry === undefined) {
      this.#checkRoom();
      entry = this.#makeImport(kind, id);
      this.#imports.set(id, entry);
      this.link.counts.references++;
    }
    const running = this.#running;
    if (running === undefined) {
      entry.held++;
      this.#lastTaken.push(entry);
    } else {
      entry.borrowed++;
      running.held.imports.push(entry);
    }
    return entry;
  }

  #makeImport(kind: 'function' | 'object' | 'signal', id: number): Import {
    const base = { id, owner: this, borrowed: 0, held: 0 };
    if (kind === 'signal') {
      const controller = new AbortController();
      const abort = (reason: unknown): void => controller.abort(reason);
      return { ...base, value: controller.signal, abort };
    }
    let releasedAt: Error | undefined;
    const entry: Import = Object.assign(base, {
      abort: undefined,
      value: {},
      call: (name: string | undefined, args: unknown[]): Promise<unknown> => {
        if (this.#imports.get(id) === entry) return this.#host.callReference(id, name, args);
        return Promise.reject(this.#releasedError(releasedAt));
      },
      retain: (): void => {
        if (this.#imports.get(id) !== entry) throw this.#releasedError(releasedAt);
        entry.held++;
        this.#host.notify(referenceMethods.retain, [id]);
      },
      release: (): void => {
        releasedAt ??= new Error('it was disposed of here');
        this.#releaseImport(entry);
      },
    });
    return Object.assign(entry, {
      value: kind === 'function' ? makeRemoteFunction(entry) : makeRemoteObject(entry),
    });
  }

  #releasedError(releasedAt: Error | undefined): PipeworkError {
    const closed = this.#closed;
    if (closed !== undefined) {
      return new PipeworkError(
        'RPC_CLOSED',
        `The connection that the reference belongs to has ended: ${closed.message}`,
        {
          cause: closed,
        },
      );
    }
    return new PipeworkError(
      'RPC_REFERENCE_RELEASED',
      releasedAt === undefined
        ? 'The reference was used after the call it came with had settled. retain() it during the call to keep it.'
        : 'The reference was used after its [Symbol.dispose]().',
      { cause: releasedAt },
    );
  }

  /** Gives back all that is held of a reference; what a running call borrowed stays until that call settles. */
  #releaseImport(entry: Import): void {
    if (this.#imports.get(entry.id) !== entry || entry.held === 0) return;
    const count = entry.held;
    entry.held = 0;
    if (this.#closed === undefined) this.#host.notify(referenceMethods.release, [entry.id, count]);
    this.#forgetImport(entry);
  }

  /** The call that borrowed these has settled: the peer knows it from the answer. */
  returnBorrowed(call: RunningCall): void {
    if (!call.isHolding) return;
    const { imports, streams } = call.held;
    for (const entry of imports.splice(0)) {
      entry.borrowed--;
      this.#forgetImport(entry);
    }
    for (const stream of streams.splice(0)) stream.callSettled();
  }

  #forgetImport(entry: Import): void {
    if (entry.borrowed > 0 || entry.held > 0 || !this.#imports.delete(entry.id)) return;
    this.link.counts.references--;
  }

  /** Gives back what the message that was read last brought: nobody will use it. */
  releaseTaken(): void {
    for (const entry of this.#lastTaken) this.#releaseImport(entry);
    this.#lastTaken = [];
  }

  // Notifications of the peer, and the end

  /** Takes a notification about references; false where it is none. What it names and doesn't exist was given back before. */
  notified(method: string, params: readonly unknown[]): boolean {
    const id = params[0] as number;
    const entry = this.#exports.get(id);
    switch (method) {
      case referenceMethods.retain:
        if (entry !== undefined) entry.count++;
        return true;
      case referenceMethods.release:
        if (entry !== undefined)
          this.#giveBack(entry, Math.min(entry.count, Math.max(1, Number(params[1]) || 1)));
        return true;
      case referenceMethods.drop:
        this.#streams.get(id)?.drop();
        return true;
      case referenceMethods.abort:
        this.#imports
          .get(id)
          ?.abort?.(new DOMException('The operation was aborted by the caller.', 'AbortError'));
        return true;
      default:
        return false;
    }
  }

  /** References of both kinds, for the count of what is left. */
  get size(): number {
    return this.#exports.size + this.#imports.size + this.#streams.size + this.#taken.size;
  }

  /** The connection is gone, and all that was held with it. */
  close(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.link.counts.references -= this.#exports.size + this.#imports.size;
    for (const entry of this.#exports.values()) entry.detach?.();
    this.#exports.clear();
    this.#exportsByTarget.clear();
    const imports = [...this.#imports.values()];
    this.#imports.clear();
    for (const entry of imports) entry.abort?.(error);
    for (const stream of [...this.#streams.values()]) stream.connectionClosed(error);
    for (const stream of [...this.#taken]) stream.connectionClosed(error);
  }
}
