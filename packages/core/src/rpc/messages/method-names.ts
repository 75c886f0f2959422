/** The methods of one conversation, each with what is made of its name once. */
import { maxKeptNames } from '../../base/limits.ts';
import { packMethod } from './small/writer.ts';

/** A method as its implementation calls it, and as the wire does. */
export class MethodName {
  /** As its implementation calls it, without the conversation's prefix. */
  readonly short: string;
  /** As the wire calls it. One string for each method: a new one for each call would be hashed anew. */
  readonly wire: string;
  /** The wire's name as packed bytes. Empty if it is too long for a plain message. */
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

  /** The method that is called here as `short`. */
  called(short: string): MethodName {
    return this.#byShort.get(short) ?? this.#keep(this.#byShort, short, short, this.#prefix + short);
  }

  /** The method that the peer calls as `wire`; undefined if the conversation's prefix is missing. */
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
