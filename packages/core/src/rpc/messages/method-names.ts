/** The names of the methods of one conversation. The forms of a name are derived once, and kept. */
import { maxKeptNames } from '../../base/limits.ts';
import { packMethod } from './small/writer.ts';

/** A method, with its name in the implementation and on the wire. */
export class MethodName {
  /** The method's name in the implementation, without the conversation's prefix. */
  readonly short: string;
  /**
   * The method's name on the wire. All calls of a method share one string. If each call had a new string, the
   * engine would hash each string.
   */
  readonly wire: string;
  /** The wire name as packed bytes, or no bytes if the name is too long for a plain message. */
  readonly packed: Uint8Array;

  constructor(short: string, wire: string) {
    this.short = short;
    this.wire = wire;
    this.packed = packMethod(wire);
  }
}

export class MethodNames {
  readonly #prefix: string;
  readonly #byShort = new Map<string, MethodName>();
  readonly #byWire = new Map<string, MethodName>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Returns the method whose name in the implementation is `short`. */
  called(short: string): MethodName {
    return (
      this.#byShort.get(short) ??
      this.#keep(this.#byShort, short, short, (this.#prefix + short).toWellFormed())
    );
  }

  /**
   * Returns the method whose name on the wire is `wire`; undefined if the name lacks the conversation's
   * prefix.
   */
  received(wire: string): MethodName | undefined {
    const known = this.#byWire.get(wire);
    if (known !== undefined || !wire.startsWith(this.#prefix)) return known;
    return this.#keep(this.#byWire, wire, wire.slice(this.#prefix.length), wire);
  }

  #keep(names: Map<string, MethodName>, key: string, short: string, wire: string): MethodName {
    const name = new MethodName(short, wire);
    if (names.size < maxKeptNames) names.set(key, name);
    return name;
  }
}
