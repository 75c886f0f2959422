/** Writes plain messages: byte for byte what the codec would write. */
import { messageType } from '../../../session/wire-words.ts';
import { minTableRows } from '../../values/tables/table.ts';
import { maxPlainBytes, maxPlainItems, maxPlainLevels, maxPlainText } from './limits.ts';

const maxMethodBytes = 64;
// The bytes that the longest text takes with its header: every value begins before the limit, and may end behind it.
const room = maxPlainText * 3 + 3;

/** The message that was packed last. Copy it before anything else runs. */
export const plainBytes: Buffer = Buffer.allocUnsafeSlow(maxPlainBytes + room);

const plainView = new DataView(plainBytes.buffer, plainBytes.byteOffset, plainBytes.byteLength);

/** What the peer takes, and what travels by reference though it looks plain. */
export interface PlainOptions {
  /** The peer announced `types`: undefined is a value of its own. */
  readonly types: boolean;
  /** The peer announced `tables`: from so many rows on, like objects become one. */
  readonly tables: boolean;
  /** Undefined for a peer without `refs`. */
  readonly references: { standsApart(record: object): boolean } | undefined;
}

const noBytes = new Uint8Array(0);

// Of the message that is being packed. A getter in it may make a call of its own. That call takes the general path.
let isPacking = false;
let types = false;
let tables = false;
let references: PlainOptions['references'];

/** Packs a request whose params are plain; `method` is what {@link packMethod} made of it. Returns its length, or 0 if it is not plain. */
export function packRequest(
  id: number,
  method: Uint8Array,
  params: readonly unknown[],
  options: PlainOptions,
): number {
  if (method.length === 0 || !begin(options)) return 0;
  plainBytes[0] = 0x94;
  plainBytes[1] = messageType.request;
  let at = packUint(2, id);
  for (let index = 0; index < method.length; index++) plainBytes[at++] = method[index]!;
  try {
    return packList(at, params, 0);
  } catch {
    return 0; // A getter threw. The general path throws it again with its path.
  } finally {
    isPacking = false;
  }
}

/** Packs the answer of a call that returned something plain. Returns its length; 0 where it is not. */
export function packAnswer(id: number, result: unknown, options: PlainOptions): number {
  if (!begin(options)) return 0;
  plainBytes[0] = 0x94;
  plainBytes[1] = messageType.response;
  const at = packUint(2, id);
  plainBytes[at] = 0xc0;
  try {
    return packValue(at + 1, result, 1);
  } catch {
    return 0;
  } finally {
    isPacking = false;
  }
}

function begin(options: PlainOptions): boolean {
  if (isPacking) return false;
  isPacking = true;
  types = options.types;
  tables = options.tables;
  references = options.references;
  return true;
}

/** A method's name with its header, for {@link packRequest}. Empty if the name is too long for a plain message. */
export function packMethod(method: string): Uint8Array {
  const bytes = Buffer.from(method);
  if (bytes.length > maxMethodBytes) return noBytes;
  const header = bytes.length < 32 ? [0xa0 + bytes.length] : [0xd9, bytes.length];
  return Uint8Array.from([...header, ...bytes]);
}

function packList(from: number, list: readonly unknown[], level: number): number {
  const count = list.length;
  if (count > maxPlainItems || level >= maxPlainLevels) return 0;
  if (tables && count >= minTableRows && typeof list[0] === 'object' && list[0] !== null) return 0;
  let at = from;
  plainBytes[at++] = 0x90 + count;
  for (let index = 0; index < count; index++) {
    at = packValue(at, list[index], level + 1);
    if (at === 0 || at > maxPlainBytes) return 0;
  }
  return at;
}

function packRecord(from: number, record: Record<string, unknown>, level: number): number {
  if (level >= maxPlainLevels || Object.getPrototypeOf(record) !== Object.prototype) return 0;
  if (references !== undefined && references.standsApart(record)) return 0;
  let at = from + 1;
  let count = 0;
  for (const key in record) {
    if (count++ === maxPlainItems || !Object.hasOwn(record, key)) return 0;
    at = packText(at, key);
    if (at === 0 || at > maxPlainBytes) return 0;
    at = packValue(at, record[key], level + 1);
    if (at === 0 || at > maxPlainBytes) return 0;
  }
  plainBytes[from] = 0x80 + count;
  return at;
}

/** Returns where the next one goes; 0 for a value that is not plain. */
function packValue(from: number, value: unknown, level: number): number {
  let at = from;
  switch (typeof value) {
    case 'number':
      return packNumber(at, value);
    case 'string':
      return packText(at, value);
    case 'boolean':
      plainBytes[at] = value ? 0xc3 : 0xc2;
      return at + 1;
    case 'object':
      if (value !== null) {
        return Array.isArray(value)
          ? packList(at, value, level)
          : packRecord(at, value as Record<string, unknown>, level);
      }
      plainBytes[at] = 0xc0;
      return at + 1;
    case 'undefined':
      if (!types) return 0;
      plainBytes[at++] = 0xd4;
      plainBytes[at++] = 0;
      plainBytes[at++] = 0;
      return at;
    default:
      return 0;
  }
}

function packText(from: number, text: string): number {
  const { length } = text;
  if (length > 31) return packLongText(from, text);
  let at = from + 1;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return packLongText(from, text);
    plainBytes[at++] = code;
  }
  plainBytes[from] = 0xa0 + length;
  return at;
}

function packLongText(from: number, text: string): number {
  if (text.length > maxPlainText) return 0;
  const likely = text.length < 32 ? 1 : 2;
  const bytes = plainBytes.write(text, from + likely);
  // Text that is not ASCII may have half a surrogate pair, which the general path replaces.
  if (bytes !== text.length && !text.isWellFormed()) return 0;
  const header = bytes < 32 ? 1 : bytes < 256 ? 2 : 3;
  if (header !== likely) plainBytes.copyWithin(from + header, from + likely, from + likely + bytes);
  let at = from;
  if (header === 1) {
    plainBytes[at++] = 0xa0 + bytes;
  } else if (header === 2) {
    plainBytes[at++] = 0xd9;
    plainBytes[at++] = bytes;
  } else {
    plainBytes[at++] = 0xda;
    plainBytes[at++] = bytes >> 8;
    plainBytes[at++] = bytes;
  }
  return at + bytes;
}

function packNumber(from: number, value: number): number {
  let at = from;
  if (value >>> 0 === value) return value === 0 && 1 / value < 0 ? 0 : packUint(at, value);
  if ((value | 0) === value) return packNegative(at, value);
  if (Number.isSafeInteger(value)) {
    plainBytes[at++] = 0xd3;
    at = packInt32(at, Math.floor(value / 0x1_0000_0000));
    return packInt32(at, value);
  }
  plainBytes[at++] = 0xcb;
  plainView.setFloat64(at, value);
  return at + 8;
}

function packUint(from: number, value: number): number {
  let at = from;
  if (value < 0x80) {
    plainBytes[at++] = value;
  } else if (value < 0x100) {
    plainBytes[at++] = 0xcc;
    plainBytes[at++] = value;
  } else if (value < 0x1_0000) {
    plainBytes[at++] = 0xcd;
    plainBytes[at++] = value >> 8;
    plainBytes[at++] = value;
  } else {
    plainBytes[at++] = 0xce;
    at = packInt32(at, value);
  }
  return at;
}

function packNegative(from: number, value: number): number {
  let at = from;
  if (value >= -0x20) {
    plainBytes[at++] = value;
  } else if (value >= -0x80) {
    plainBytes[at++] = 0xd0;
    plainBytes[at++] = value;
  } else if (value >= -0x8000) {
    plainBytes[at++] = 0xd1;
    plainBytes[at++] = value >> 8;
    plainBytes[at++] = value;
  } else {
    plainBytes[at++] = 0xd2;
    at = packInt32(at, value);
  }
  return at;
}

function packInt32(at: number, value: number): number {
  plainBytes[at] = value >> 24;
  plainBytes[at + 1] = value >> 16;
  plainBytes[at + 2] = value >> 8;
  plainBytes[at + 3] = value;
  return at + 4;
}
