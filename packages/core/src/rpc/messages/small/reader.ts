/**
 * Reads plain messages. The values are the same as those that the codec would decode. Every length and type
 * is checked here, because the peer may send any bytes.
 */
import { indexOf } from '../../../base/own-property.ts';
import { messageType } from '../../../session/wire-words.ts';
import { methodNameAt } from '../../wire/method-name.ts';
import { scratch, type PlainMessage } from '../../wire/scratch.ts';
import { KnownTexts } from '../../wire/known-texts.ts';
import { maxPlainBytes, maxPlainItems, maxPlainLevels, maxPlainText } from './limits.ts';

// These functions are not documented, but every version of Node has them, because `buffer.toString()` uses
// them.
const { latin1Slice, utf8Slice } = Buffer.prototype;

// The eight bytes of a float64 are copied here before they are read. A view on each chunk would cost more.
const doubleBytes = new Uint8Array(8);
const doubleView = new DataView(doubleBytes.buffer);

/**
 * The plain message that was read last. The object is reused, so callers must copy the fields that they keep.
 */
export const plain: PlainMessage = scratch.plain;

/**
 * Reads a message at `source[start]`. Returns the position after the message. Returns 0 if the message is not
 * plain, or is not complete before `end`.
 */
export function readPlain(source: Uint8Array, start: number, end: number): number {
  if (end - start < 4 || source[start] !== 0x94) return 0;
  scratch.position = start + 2;
  scratch.limit = Math.min(end, start + maxPlainBytes);
  const type = source[start + 1];
  if (type === messageType.response) {
    plain.id = readId(source);
    if (scratch.position + 1 >= scratch.limit || source[scratch.position] !== 0xc0) return 0;
    scratch.position++;
    plain.result = readValue(source, 1);
  } else if (type === messageType.request) {
    plain.id = readId(source);
    readMethod(source);
    if (scratch.position >= scratch.limit) return 0;
    const count = source[scratch.position++]! - 0x90;
    if (count < 0 || count > maxPlainItems) return 0;
    plain.params = readList(source, count, 0);
  } else {
    return 0;
  }
  plain.type = type;
  return scratch.position <= scratch.limit ? scratch.position : 0;
}

function readId(source: Uint8Array): number {
  const token = source[scratch.position]!;
  if (token < 0x80 || (token >= 0xcc && token <= 0xce)) return readValue(source, maxPlainLevels) as number;
  return stop();
}

function readMethod(source: Uint8Array): void {
  const length = scratch.position < scratch.limit ? source[scratch.position]! - 0xa0 : -1;
  const from = scratch.position + 1;
  if (length <= 0 || length > 31 || from + length > scratch.limit) return void stop();
  plain.method = methodNameAt(source, from, from + length);
  scratch.position = from + length;
}

/**
 * Reads one value. If the value is cut off or not plain, returns 0 and moves `scratch.position` beyond
 * `scratch.limit`. The caller must check the position.
 */
function readValue(source: Uint8Array, level: number): unknown {
  if (scratch.position >= scratch.limit) return stop();
  const token = source[scratch.position++]!;
  if (token < 0x80) return token;
  if (token >= 0xe0) return token - 0x100;
  if (token >= 0xa0 && token < 0xc0) return readShortText(source, token - 0xa0);
  if (token < 0xa0) {
    if (level >= maxPlainLevels) return stop();
    return token >= 0x90 ? readList(source, token - 0x90, level) : readRecord(source, token - 0x80, level);
  }
  switch (token) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xcb:
      if (scratch.position + 8 > scratch.limit) return stop();
      for (let index = 0; index < 8; index++) doubleBytes[index] = source[scratch.position++]!;
      return doubleView.getFloat64(0);
    case 0xcc:
      return scratch.position + 1 > scratch.limit ? stop() : source[scratch.position++]!;
    case 0xcd:
      return scratch.position + 2 > scratch.limit ? stop() : readUint16(source);
    case 0xce:
      return scratch.position + 4 > scratch.limit ? stop() : readUint32(source);
    case 0xd0:
      return scratch.position + 1 > scratch.limit ? stop() : (source[scratch.position++]! << 24) >> 24;
    case 0xd1:
      return scratch.position + 2 > scratch.limit ? stop() : (readUint16(source) << 16) >> 16;
    case 0xd2:
      return scratch.position + 4 > scratch.limit ? stop() : readUint32(source) | 0;
    case 0xd3:
      return scratch.position + 8 > scratch.limit ? stop() : readInt64(source);
    case 0xd4:
      return scratch.position + 2 > scratch.limit || readUint16(source) !== 0 ? stop() : undefined;
    case 0xd9:
      return scratch.position + 1 > scratch.limit ? stop() : readText(source, source[scratch.position++]!);
    case 0xda:
      return scratch.position + 2 > scratch.limit ? stop() : readText(source, readUint16(source));
    default:
      return stop();
  }
}

function readList(source: Uint8Array, count: number, level: number): unknown[] {
  const list = new Array<unknown>(count);
  for (let index = 0; index < count; index++) list[index] = readValue(source, level + 1);
  return list;
}

function readRecord(source: Uint8Array, count: number, level: number): object {
  const record: Record<string, unknown> = {};
  for (let index = 0; index < count; index++) {
    const key = readKey(source);
    if (key === undefined) break;
    record[key] = readValue(source, level + 1);
  }
  return record;
}

const keys = new KnownTexts(1024, (source, start, end) => {
  if (!isAscii(source, start, end)) return undefined;
  const key = latin1Slice.call(source, start, end);
  // Assigning to `__proto__` creates no property. If the program has frozen Object.prototype, assigning to
  // `toString` or another inherited name creates none either.
  if (key in Object.prototype) return undefined;
  // If a key is an array index of two or more digits, a small object may take much memory. The general path
  // avoids that.
  if (key.length > 1 && indexOf(key) >= 0) return undefined;
  // Returns the string that the engine keeps for this property name.
  return Object.keys({ [key]: 0 })[0];
});

// Only texts up to this length are remembered, because texts that are repeated are mostly single words.
const maxKnownBytes = 12;
const words = new KnownTexts(1024, (source, start, end) =>
  isAscii(source, start, end) ? latin1Slice.call(source, start, end) : undefined,
);

/** Returns true if all bytes are ASCII. ASCII bytes have the same meaning in Latin-1 and UTF-8. */
function isAscii(source: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (source[at]! > 0x7f) return false;
  return true;
}

function readKey(source: Uint8Array): string | undefined {
  const length = scratch.position < scratch.limit ? source[scratch.position]! - 0xa0 : -1;
  const from = scratch.position + 1;
  scratch.position = from + length;
  if (length === 0) return '';
  const key =
    length < 0 || length > 31 || scratch.position > scratch.limit
      ? undefined
      : keys.at(source, from, scratch.position);
  if (key === undefined) stop();
  return key;
}

/**
 * Reads a text of up to 31 bytes in one step. A text that is built character by character would be a chain of
 * strings.
 */
function readShortText(source: Uint8Array, length: number): unknown {
  const from = scratch.position;
  const end = from + length;
  if (end > scratch.limit) return stop();
  let text: string | undefined = '';
  if (length > maxKnownBytes)
    text = isAscii(source, from, end) ? latin1Slice.call(source, from, end) : undefined;
  else if (length > 0) text = words.at(source, from, end);
  if (text === undefined) return readText(source, length);
  scratch.position = end;
  return text;
}

function readText(source: Uint8Array, length: number): unknown {
  const from = scratch.position;
  scratch.position += length;
  if (scratch.position > scratch.limit || length > maxPlainText * 3) return stop();
  const text = utf8Slice.call(source, from, scratch.position);
  // U+FFFD may stand for bytes that are not UTF-8. Such bytes are left to the codec.
  return text.includes('\ufffd') ? stop() : text;
}

function readUint16(source: Uint8Array): number {
  const value = (source[scratch.position]! << 8) | source[scratch.position + 1]!;
  scratch.position += 2;
  return value;
}

function readUint32(source: Uint8Array): number {
  return readUint16(source) * 0x1_0000 + readUint16(source);
}

/**
 * Reads a 64-bit integer that a JavaScript number holds exactly. A larger integer is left to the codec, which
 * makes a bigint.
 */
function readInt64(source: Uint8Array): number {
  const high = readUint32(source) | 0;
  const low = readUint32(source);
  return high >= -0x20_0000 && high < 0x20_0000 ? high * 0x1_0000_0000 + low : stop();
}

function stop(): 0 {
  scratch.position = 0x7fff_ffff;
  return 0;
}
