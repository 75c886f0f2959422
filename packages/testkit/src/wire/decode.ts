/** Reads MessagePack without a library, however its bytes are split. `msgpack.ts` has the writer. */
import { decode as decodeAs, MalformedError, type Makes } from '../../programs/msgpack.mjs';
import { ValueScanner } from './value-scanner.ts';
import { concat } from './yamux.ts';

export { MalformedError };

/** A value of an extension type. This reader does not turn it into a value of JavaScript. */
export class Extension {
  readonly type: number;
  readonly data: Uint8Array;
  /** How many bytes the value has. If bytes were cut off, `data` has fewer bytes. */
  readonly length: number;
  constructor(type: number, data: Uint8Array, length: number = data.length) {
    this.type = type;
    this.data = data;
    this.length = length;
  }
  /** The type again, under the name that `encode` reads. */
  get ext(): number {
    return this.type;
  }
}

/** The beginning of a bin whose last bytes were cut off. */
export class CutBytes {
  readonly begin: Uint8Array;
  readonly length: number;
  constructor(begin: Uint8Array, length: number) {
    this.begin = begin;
    this.length = length;
  }
}

/** Stands for values that were cut off: one value, or several values of a list. */
export class CutOff {
  readonly values: number;
  constructor(values: number = 1) {
    this.values = values;
  }
}

/**
 * Turns bytes into values, however the bytes are split. Scans each byte once, however small the pieces are.
 */
export class WireReader {
  readonly #scanner: ValueScanner = new ValueScanner();
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** How many bytes of an incomplete value are held. */
  get pendingBytes(): number {
    return this.#heldBytes;
  }

  *push(chunk: Uint8Array): Generator<unknown> {
    let at = 0;
    while (at < chunk.length) {
      const end = this.#scanner.scan(chunk, at);
      if (end < 0) {
        this.#held.push(new Uint8Array(chunk.subarray(at)));
        this.#heldBytes += chunk.length - at;
        return;
      }
      const last = chunk.subarray(at, end);
      const whole = this.#heldBytes === 0 ? last : concat([...this.#held, last]);
      this.#held = [];
      this.#heldBytes = 0;
      at = end;
      yield decode(whole);
    }
  }
}

/**
 * Decodes the value in `bytes`. If `bytes` is only the beginning of the value, the result has the part that
 * arrived, and a {@link CutOff} in place of the missing values.
 */
export function decode(bytes: Uint8Array): unknown {
  return decodeAs(bytes, makes)?.value;
}

const makes: Makes = {
  map(entries, rest) {
    // The record has no prototype, so that a peer's key `__proto__` is a key like any other.
    const record = Object.create(null) as Record<string, unknown>;
    for (const [key, value] of entries) record[typeof key === 'string' ? key : JSON.stringify(key)] = value;
    if (rest !== undefined) record['…'] = rest;
    return record;
  },
  bin: (data, length) =>
    data.length < length ? new CutBytes(new Uint8Array(data), length) : new Uint8Array(data),
  text: (data, length) => `${new TextDecoder().decode(data)}${data.length < length ? '…' : ''}`,
  ext: (type, data, length) => new Extension(type, new Uint8Array(data), length),
  cut: (values) => new CutOff(values),
};
