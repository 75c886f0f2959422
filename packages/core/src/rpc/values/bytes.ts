/**
 * The types of binary data that arrive unchanged if the peer announced the capability `types`. Elements are
 * sent in little endian.
 */

/** Undefined before Node 24. */
const { Float16Array } = globalThis as unknown as {
  Float16Array: (new (buffer: ArrayBuffer) => ArrayBufferView) | undefined;
};

type BytesMaker = (bytes: Uint8Array<ArrayBuffer>) => ArrayBufferView | ArrayBuffer;

const arrays = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  ...(Float16Array && { Float16Array }),
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

const makers = new Map<string, BytesMaker>([
  ['ArrayBuffer', (bytes) => bytes.buffer],
  ['Buffer', (bytes) => Buffer.from(bytes.buffer)],
  ['DataView', (bytes) => new DataView(bytes.buffer)],
]);
for (const [name, TypedArray] of Object.entries(arrays)) {
  makers.set(name, (bytes) => new TypedArray(bytes.buffer));
}

/**
 * Returns the name on the wire for the type of `value`. A subclass has the name of the class that it extends.
 */
export function bytesType(value: ArrayBufferView | ArrayBuffer): string {
  if (Buffer.isBuffer(value)) return 'Buffer';
  const tag: unknown = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return typeof tag === 'string' ? tag : 'DataView';
}

/**
 * Makes binary data of the named type from `bytes`, without a copy. `bytes` must fill their buffer. Returns
 * undefined if no type has this name, or if the length does not fit the type.
 */
export function makeBytes(
  type: unknown,
  bytes: Uint8Array<ArrayBuffer>,
): ArrayBufferView | ArrayBuffer | undefined {
  const make = typeof type === 'string' ? makers.get(type) : undefined;
  if (make === undefined && type === 'Float16Array')
    throw new TypeError(`a Float16Array came, and Node ${process.versions.node} has none`);
  if (make === undefined) return undefined;
  try {
    return make(bytes);
  } catch {
    // The length is not a multiple of the element's size.
    return undefined;
  }
}
