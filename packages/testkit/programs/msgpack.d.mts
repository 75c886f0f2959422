export class Raw {
  constructor(bytes: Uint8Array);
  readonly bytes: Uint8Array;
}

export class MalformedError extends Error {}

export const deepest: number;

export function encode(value: unknown): Buffer;

/**
 * Makes the values that decode() returns. `length` is the length in the header of the text, binary data or
 * extension; `data` may be shorter.
 */
export interface Makes {
  map(entries: [key: unknown, value: unknown][], rest?: unknown): unknown;
  bin(data: Uint8Array, length: number): unknown;
  text(data: Uint8Array, length: number): unknown;
  ext(type: number, data: Uint8Array, length: number): unknown;
  cut(values: number): unknown;
}

export function decode(bytes: Uint8Array, makes?: Makes): { value: unknown; end: number } | undefined;
