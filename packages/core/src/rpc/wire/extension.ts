/**
 * The bytes of this protocol's extension type, which represents values that MessagePack lacks.
 * docs/protocol.md has the table. This file has only the objects that msgpackr writes and reads. Other files
 * turn them into values.
 */
import { addExtension, type Allocate } from './msgpack.ts';
import { scratch, type Gap } from './scratch.ts';

/** The extension type of all values except undefined (type 0) and timestamps (type -1). */
export const extensionType = 0x50;

/**
 * The codes of the marks. A mark is an extension of one byte. It is the first element of an array, and
 * decides which value the array stands for. The other elements are ordinary MessagePack, so the rules for
 * nesting and limits apply to them.
 */
export const markCodes = {
  bigint: 0x62, // [mark, integer]: a bigint that a number could hold
  date: 0x44, // [mark]: an invalid Date
  error: 0x45, // [mark, error map]
  map: 0x4d, // [mark, key, value, key, value, ...]
  regexp: 0x52, // [mark, source, flags]
  set: 0x53, // [mark, value, ...]
  table: 0x74, // [mark, [key, ...], value, ...]: objects with the same keys, row by row
  columns: 0x43, // [mark, number of rows, [key, ...], column, ...]: the same, column by column
  bytes: 0x54, // [mark, name of the type, bin]: ArrayBuffer, Buffer, DataView, typed arrays
  url: 0x55, // [mark, href]
} as const;

/**
 * The kinds of columns. A column is an array, and its kind is the first element. Bytes are sent as bins. The
 * numbers and lengths in them are little endian.
 */
export const columnKinds = {
  values: 0, // [0, value, ...]: one value for each row
  numbers: 1, // [1, numbers]: integers of 1, 2 or 4 bytes, or float64, by the number of bytes for each row
  text: 2, // [2, lengths, UTF-8]
  choice: 3, // [3, an index of one byte for each row, value, ...]
  lists: 4, // [4, lengths, column of all items]
  records: 5, // [5, [key, ...], column, ...]
} as const;

/** How many different values a column of choices may have. */
export const maxChoices = 256;
/** The maximum length of a text among the choices, in UTF-16 units. */
export const maxChoiceText = 32;

/** Returns true if a value may be a choice. A choice is written once, and used in many rows. */
export function isChoice(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= maxChoiceText;
  return typeof value === 'boolean' || value === null || value === undefined;
}

/** The codes of the values that are extensions of more than one byte. The code is the first byte. */
export const payloadCodes = {
  bigint: 0x4e, // two's complement, big endian
  bin: 0x78, // never on the wire: stands for a large bin while its message is read
  // References, each followed by a u32 id:
  function: 0x66,
  object: 0x6f,
  signal: 0x73,
  callSignal: 0x63, // the signal of the call itself; id 0
  abortedSignal: 0x61, // id 0
  iterable: 0x69,
  webStream: 0x77,
  readable: 0x72,
  objectReadable: 0x71,
  yours: 0x79, // a reference that the receiver of this message gave before
} as const;

export type MarkName = keyof typeof markCodes;
export type ReferenceKind = Exclude<keyof typeof payloadCodes, 'bigint' | 'bin'>;

/** A mark in memory. msgpackr writes this object as a mark, and returns it for a mark that it reads. */
export class Mark {
  readonly name: MarkName;
  readonly code: number;

  constructor(name: MarkName) {
    this.name = name;
    this.code = markCodes[name];
  }
}

/**
 * A reference in memory. msgpackr writes this object as a reference, and returns such an object for each
 * reference that it reads.
 */
export class WireReference {
  readonly kind: ReferenceKind;
  readonly id: number;

  constructor(kind: ReferenceKind, id: number) {
    this.kind = kind;
    this.id = id;
  }
}

/**
 * Stands for negative zero, because msgpackr would write the number as the integer 0. An instance is written
 * as a float64, which any peer can read.
 */
export class NegativeZero {}
/** Stands for a bigint beyond 64 bits. */
export class LongBigint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}
/** Bytes that are written to the stream without a copy. Only their header is packed into the message. */
export class LargeBin {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export const negativeZero: NegativeZero = new NegativeZero();
export const marks = Object.fromEntries(
  (Object.keys(markCodes) as MarkName[]).map((name) => [name, new Mark(name)]),
) as Record<MarkName, Mark>;

const marksByCode = new Map(Object.values(marks).map((mark) => [mark.code, mark]));
const kindsByCode = new Map(
  Object.entries(payloadCodes)
    .filter(([name]) => name !== 'bigint' && name !== 'bin')
    .map(([name, code]) => [code as number, name as ReferenceKind]),
);

// takeGaps() is called twice for each message. Most messages have no gaps, so they share this empty list.
const noGaps: readonly Gap[] = [];

/** Returns the {@link Gap}s of the large bins that were packed since the last call. */
export function takeGaps(): readonly Gap[] {
  const { gaps } = scratch;
  if (gaps.length === 0) return noGaps;
  scratch.gaps = [];
  return gaps;
}

/** Returns the placeholder that stands for the large bin with this index in a gathered message. */
export function binPlaceholder(index: number): Uint8Array {
  return Uint8Array.of(
    0xd7,
    extensionType,
    payloadCodes.bin,
    0,
    0,
    0,
    index >>> 24,
    index >>> 16,
    index >>> 8,
    index,
  );
}

function read(data: Uint8Array): unknown {
  const code = data[0] ?? 0;
  if (data.length === 1) {
    const mark = marksByCode.get(code);
    if (mark !== undefined) return mark;
  } else if (code === payloadCodes.bigint) {
    return readBigint(data.subarray(1));
  } else if (code === payloadCodes.bin && data.length === 8) {
    const bin = scratch.bins[readUint32(data, 4)];
    if (bin !== undefined) return bin;
  } else {
    const kind = kindsByCode.get(code);
    if (kind !== undefined && data.length === 5) return new WireReference(kind, readUint32(data, 1));
  }
  throw new RangeError(
    `extension ${extensionType} with code ${code} and ${data.length} bytes is not in the protocol's table`,
  );
}

/** Reads an extension of one of the three known types. */
export function readExtension(type: number, data: Uint8Array): unknown {
  if (type === extensionType) return read(data);
  return type === 0xff ? readDate(data) : undefined;
}

/**
 * Converts a timestamp to a Date, and rounds it down to the millisecond. msgpackr would round to the nearest
 * millisecond, which can be in the next second.
 */
function readDate(data: Uint8Array): Date {
  switch (data.length) {
    case 4:
      return new Date(readUint32(data, 0) * 1000);
    case 8: {
      const nanoseconds = readUint32(data, 0) >>> 2;
      const seconds = (data[3]! & 3) * 2 ** 32 + readUint32(data, 4);
      return dateOf(seconds, nanoseconds);
    }
    case 12: {
      const seconds = (readUint32(data, 4) | 0) * 2 ** 32 + readUint32(data, 8);
      return dateOf(seconds, readUint32(data, 0));
    }
  }
  throw new RangeError(`a timestamp of ${data.length} bytes came; timestamps have 4, 8 or 12`);
}

function readUint32(data: Uint8Array, at: number): number {
  return ((data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!) >>> 0;
}

function readBigint(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`));
}

function bigintBytes(value: bigint): Uint8Array {
  // Two's complement needs one bit for the sign.
  const bits = (value < 0n ? -value - 1n : value).toString(16).length * 4 + 1;
  const length = Math.ceil(bits / 8);
  const hex = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0');
  return Buffer.from(hex, 'hex');
}

addExtension<Mark>({
  Class: Mark,
  type: extensionType,
  unpack: read,
  pack(mark, allocate) {
    const { target, position } = allocate(3);
    target[position] = 0xd4;
    target[position + 1] = extensionType;
    target[position + 2] = mark.code;
  },
});

addExtension<WireReference>({
  Class: WireReference,
  type: extensionType,
  unpack: read,
  pack({ kind, id }, allocate) {
    const { target, targetView, position } = allocate(8);
    target[position] = 0xc7;
    target[position + 1] = 5;
    target[position + 2] = extensionType;
    target[position + 3] = payloadCodes[kind];
    targetView.setUint32(position + 4, id);
  },
});

addExtension<NegativeZero>({
  Class: NegativeZero,
  type: extensionType,
  unpack: read,
  pack(_zero, allocate) {
    const { target, targetView, position } = allocate(9);
    target[position] = 0xcb;
    targetView.setFloat64(position + 1, -0);
  },
});

addExtension<LongBigint>({
  Class: LongBigint,
  type: extensionType,
  unpack: read,
  pack({ value }, allocate) {
    const bytes = bigintBytes(value);
    writeHeader(bytes.length + 1, allocate, bytes);
  },
});

addExtension<LargeBin>({
  Class: LargeBin,
  type: extensionType,
  unpack: read,
  pack({ bytes }, allocate) {
    const { target, targetView, position } = allocate(5);
    target[position] = 0xc6;
    targetView.setUint32(position + 1, bytes.byteLength);
    scratch.gaps.push({ at: position + 5, bytes });
  },
});

addExtension<never>({ type: 0xff, unpack: readDate });

function dateOf(seconds: number, nanoseconds: number): Date {
  if (nanoseconds > 999_999_999) throw new RangeError(`a timestamp with ${nanoseconds} nanoseconds came`);
  const date = new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
  if (Number.isNaN(date.getTime())) throw new RangeError('a timestamp beyond what a Date can hold came');
  return date;
}

function writeHeader(length: number, allocate: Allocate, bytes: Uint8Array): undefined {
  const { target, targetView, position } = allocate(6 + length);
  target[position] = 0xc9;
  targetView.setUint32(position + 1, length);
  target[position + 5] = extensionType;
  target[position + 6] = payloadCodes.bigint;
  target.set(bytes, position + 7);
}
