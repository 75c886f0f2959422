/**
 * Writes MessagePack by hand: for the transcript and the conformance checks, which must not share a coder with what they look at. The
 * coder is the one of the programs.
 */
import { encode as encodeInBuffer } from '../../programs/msgpack.mjs';

/** Encodes nil, booleans, numbers, bigints of 64 bits, strings, Uint8Array, arrays, plain objects and extensions. */
export function encode(value: unknown): Uint8Array {
  return new Uint8Array(encodeInBuffer(value));
}
