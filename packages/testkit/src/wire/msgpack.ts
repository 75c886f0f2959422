/**
 * Writes MessagePack without a library, by its specification. The transcript and the conformance checks use
 * this coder, because they must not share a coder with the code that they check. The misbehaving programs use
 * the same coder.
 */
import { encode as encodeInBuffer } from '../../programs/msgpack.mjs';

/** Encodes nil, booleans, numbers, bigints of 64 bits, strings, Uint8Array, arrays, plain objects and extensions. */
export function encode(value: unknown): Uint8Array {
  return new Uint8Array(encodeInBuffer(value));
}
