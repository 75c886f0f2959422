/** Writes plain messages. The bytes are the same as those that the codec would write. */
import { setOwn } from '../../../base/own-property.ts';
import { messageType } from '../../../session/wire-words.ts';
import { minTableRows } from '../../values/tables/table.ts';
import { scratch } from '../../wire/scratch.ts';
import { readMany } from '../../wire/value-reader.ts';
import { addFields, isTame } from '../../values/own-fields.ts';
import { maxPlainBytes, maxPlainItems, maxPlainLevels, maxPlainText } from './limits.ts';

const maxMethodBytes = 64;
/** The bytes of the message that was packed last. Callers must copy them before any other code runs. */
export const plainBytes: Buffer = scratch.small;

const plainView = new DataView(plainBytes.buffer, plainBytes.byteOffset, plainBytes.byteLength);

/** The options that decide whether a value is plain for this peer. */
export interface PlainOptions {
  /** True if the peer announced `types`. `undefined` is plain only for such a peer. */
  readonly types: boolean;
  /**
   * True if the peer announced `tables`. For such a peer, a list of objects may become a table. So a list of
   * at least `minTableRows` items is not plain if the first item is an object.
   */
  readonly tables: boolean;
  /** Recognises objects that look plain, but are sent by reference. Undefined for a peer without `refs`. */
  readonly references: { standsApart(record: object): boolean } | undefined;
}

/** The value that the general path must write, because the message is not plain. */
export interface Unwritten {
  /**
   * The value, in which copies replace the objects and lists that the writer has read, so that no getter runs
   * a second time. The other parts are the user's own objects.
   */
  readonly value: unknown;
  /** A flat list of pairs: a copy in `value`, and after it the user's own object or list. */
  readonly copies: readonly object[];
}

const noBytes = new Uint8Array(0);
const noCopies: readonly object[] = [];

/**
 * Packs a request whose params are plain. `method` comes from {@link packMethod}. Returns the message's
 * length. If the message is not plain, returns 0, and {@link takeUnwritten} returns the value for the general
 * path. If a getter throws, throws the same error.
 */
export function packRequest(
  id: number,
  method: Uint8Array,
  params: readonly unknown[],
  options: PlainOptions,
): number {
  if (method.length === 0 || !begin(options)) return leave(params);
  plainBytes[0] = 0x94;
  plainBytes[1] = messageType.request;
  let at = packUint(2, id);
  for (let index = 0; index < method.length; index++) plainBytes[at++] = method[index]!;
  try {
    return packList(at, params, 0);
  } finally {
    scratch.isPackingSmall = false;
  }
}

/** Packs the answer to a call if its result is plain. Returns and throws the same as {@link packRequest}. */
export function packAnswer(id: number, result: unknown, options: PlainOptions): number {
  if (!begin(options)) return leave(result);
  plainBytes[0] = 0x94;
  plainBytes[1] = messageType.response;
  const at = packUint(2, id);
  plainBytes[at] = 0xc0;
  try {
    return packValue(at + 1, result, 1);
  } finally {
    scratch.isPackingSmall = false;
  }
}

function begin(options: PlainOptions): boolean {
  if (scratch.isPackingSmall) return false;
  scratch.isPackingSmall = true;
  scratch.types = options.types;
  scratch.tables = options.tables;
  scratch.references = options.references;
  return true;
}

/** After packing has returned 0, returns the value that the general path must write. */
export function takeUnwritten(): Unwritten {
  const { left: value, copies } = scratch;
  scratch.left = undefined;
  scratch.copies = noCopies;
  return { value, copies };
}

/** Leaves a value to the general path without copying it. */
function leave(value: unknown): 0 {
  scratch.left = value;
  scratch.copies = noCopies;
  return 0;
}

/**
 * Leaves a list to the general path. The first `index` items of the list have been packed, and `scratch.left`
 * has the next item.
 */
function leaveList(list: readonly unknown[], count: number, from: number, index: number): 0 {
  const { left: item, copies: inner } = scratch;
  if (inner === noCopies && isTame(list, index)) return leave(list);
  const copy = readMany(plainBytes, from + 1, index);
  copy.push(item);
  for (let at = index + 1; at < count; at++) copy.push(list[at]);
  return leaveCopy(copy, list, inner);
}

/**
 * Leaves an object to the general path. The first `count` fields of the object have been packed. If the field
 * at `key` was read, `scratch.left` has the field's value.
 */
function leaveRecord(record: object, from: number, count: number, key?: string): 0 {
  const { left: value } = scratch;
  const inner = key === undefined ? noCopies : scratch.copies;
  if (inner === noCopies && isTame(record, count)) return leave(record);
  const copy = recordOf(readMany(plainBytes, from + 1, count * 2));
  if (key !== undefined) setOwn(copy, key, value);
  return leaveCopy(addFields(copy, record), record, inner);
}

/** Makes an object from a list in which each key is followed by its value. */
function recordOf(parts: readonly unknown[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (let at = 0; at < parts.length; at += 2) setOwn(record, parts[at] as string, parts[at + 1]);
  return record;
}

function leaveCopy(copy: object, own: object, inner: readonly object[]): 0 {
  scratch.left = copy;
  scratch.copies = [...inner, copy, own];
  return 0;
}

/**
 * Packs a method's name with its header, for {@link packRequest}. Returns no bytes if the name is too long
 * for a plain message.
 */
export function packMethod(method: string): Uint8Array {
  const bytes = Buffer.from(method);
  if (bytes.length > maxMethodBytes) return noBytes;
  const header = bytes.length < 32 ? [0xa0 + bytes.length] : [0xd9, bytes.length];
  return Uint8Array.from([...header, ...bytes]);
}

function packList(from: number, list: readonly unknown[], level: number): number {
  const count = list.length;
  if (count > maxPlainItems || level >= maxPlainLevels) return leave(list);
  let at = from;
  plainBytes[at++] = 0x90 + count;
  for (let index = 0; index < count; index++) {
    const item = list[index];
    const isTable =
      index === 0 && count >= minTableRows && scratch.tables && typeof item === 'object' && item !== null;
    const end = isTable ? leave(item) : packValue(at, item, level + 1);
    if (end > maxPlainBytes) leave(item);
    if (end === 0 || end > maxPlainBytes) return leaveList(list, count, from, index);
    at = end;
  }
  return at;
}

function packRecord(from: number, record: Record<string, unknown>, level: number): number {
  if (level >= maxPlainLevels || Object.getPrototypeOf(record) !== Object.prototype) return leave(record);
  if (scratch.references?.standsApart(record) === true) return leave(record);
  let at = from + 1;
  let count = 0;
  for (const key in record) {
    if (count === maxPlainItems || !Object.hasOwn(record, key)) return leaveRecord(record, from, count);
    const next = packText(at, key);
    if (next === 0 || next > maxPlainBytes) return leaveRecord(record, from, count);
    const value = record[key];
    const end = packValue(next, value, level + 1);
    if (end > maxPlainBytes) leave(value);
    if (end === 0 || end > maxPlainBytes) return leaveRecord(record, from, count, key);
    at = end;
    count++;
  }
  plainBytes[from] = 0x80 + count;
  return at;
}

/**
 * Returns the position after the value. If the value is not plain, returns 0, and `scratch.left` has the
 * value for the general path.
 */
function packValue(from: number, value: unknown, level: number): number {
  let at = from;
  switch (typeof value) {
    case 'number':
      return packNumber(at, value) || leave(value);
    case 'string':
      return packText(at, value) || leave(value);
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
      if (!scratch.types) return leave(value);
      plainBytes[at++] = 0xd4;
      plainBytes[at++] = 0;
      plainBytes[at++] = 0;
      return at;
    default:
      return leave(value);
  }
}

/** Packs a text, and returns the position after it. Returns 0 if the text is not plain. */
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
  // A text that is not ASCII may have a lone half of a surrogate pair, which the general path replaces.
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
