/**
 * Calls and answers that hold numbers, booleans, short texts and short lists of them, as most small ones do: written and read
 * by hand in one pass, without the walk, the scan and the codec. What is not plain goes the long way, and so does what is not
 * whole. (Half of the processor time of a small call.)
 */
import { messageType, methodNameAt } from './envelope.ts';

/** No plain message is longer, nor holds more values. */
export const maxPlainBytes = 512;
const maxTextBytes = 31;
/** Lists in one another: a call to a reference has its arguments as a list within the params. */
const maxLevels = 2;
const maxItems = 15;
const maxMethodBytes = 64;

/** The message that was packed last. Copy it before anything else runs. */
export const plainBytes: Uint8Array = Buffer.allocUnsafeSlow(1024);

// As every version of Node has it: its Buffers read their texts by it.
const { latin1Slice } = Buffer.prototype;

const plainView = new DataView(plainBytes.buffer, plainBytes.byteOffset, plainBytes.byteLength);
// A float64 that is read is copied here: a view of its own on each chunk would cost more.
const doubleBytes = new Uint8Array(8);
const doubleView = new DataView(doubleBytes.buffer);

// A method's bytes with their header, by the string that the connection keeps for it.
const methods = new Map<string, Uint8Array>();
const maxMethods = 1024;
let lastMethod: string | undefined;
let lastName: Uint8Array | undefined;

/** Packs a request whose params are plain. Returns its length; 0 where they are not. */
export function packRequest(id: number, method: string, params: readonly unknown[]): number {
  const name = method === lastMethod ? lastName : findMethod(method);
  if (name === undefined) return 0;
  plainBytes[0] = 0x94;
  plainBytes[1] = messageType.request;
  let at = packUint(2, id);
  for (let index = 0; index < name.length; index++) plainBytes[at++] = name[index]!;
  return packList(at, params, 0);
}

/** Packs the answer of a call that returned something plain. Returns its length; 0 where it is not. */
export function packAnswer(id: number, result: unknown): number {
  plainBytes[0] = 0x94;
  plainBytes[1] = messageType.response;
  const at = packUint(2, id);
  plainBytes[at] = 0xc0;
  return packValue(at + 1, result, 1);
}

function findMethod(method: string): Uint8Array | undefined {
  lastMethod = method;
  lastName = methods.get(method) ?? encodeMethod(method);
  return lastName;
}

function encodeMethod(method: string): Uint8Array | undefined {
  const bytes = Buffer.from(method);
  if (bytes.length > maxMethodBytes) return undefined;
  const header = bytes.length < 32 ? [0xa0 + bytes.length] : [0xd9, bytes.length];
  const name = Uint8Array.from([...header, ...bytes]);
  if (methods.size < maxMethods) methods.set(method, name);
  return name;
}

function packList(from: number, list: readonly unknown[], level: number): number {
  const count = list.length;
  if (count > maxItems) return 0;
  let at = from;
  plainBytes[at++] = 0x90 + count;
  for (let index = 0; index < count; index++) {
    at = packValue(at, list[index], level + 1);
    if (at === 0 || at > maxPlainBytes) return 0;
  }
  return at;
}

/** Returns where the next one goes; 0 for a value that is not plain. */
function packValue(from: number, value: unknown, level: number): number {
  let at = from;
  switch (typeof value) {
    case 'number':
      if (value >>> 0 === value) return value === 0 && 1 / value < 0 ? 0 : packUint(at, value);
      if ((value | 0) === value) return packNegative(at, value);
      if (Number.isInteger(value)) return 0;
      plainBytes[at++] = 0xcb;
      plainView.setFloat64(at, value);
      return at + 8;
    case 'boolean':
      plainBytes[at] = value ? 0xc3 : 0xc2;
      return at + 1;
    case 'string': {
      const { length } = value;
      if (length > maxTextBytes) return 0;
      plainBytes[at++] = 0xa0 + length;
      for (let index = 0; index < length; index++) {
        const code = value.charCodeAt(index);
        if (code > 0x7f) return 0;
        plainBytes[at++] = code;
      }
      return at;
    }
    default:
      if (value !== null) return level < maxLevels && Array.isArray(value) ? packList(at, value, level) : 0;
      plainBytes[at] = 0xc0;
      return at + 1;
  }
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

/** The plain message that was read last. One object, reused: take out what you keep. */
export const plain = {
  type: 0,
  id: 0,
  method: '',
  /** The params of a request. */
  params: [] as unknown[],
  /** The result of a response that is no failure. */
  result: undefined as unknown,
};

// Where the reading is; behind `limit` once it met what is not plain, or not there.
let position = 0;
let limit = 0;

/** Reads a message at `source[start]`. Returns where it ends; 0 where it is not a plain one, or not complete before `end`. */
export function readPlain(source: Uint8Array, start: number, end: number): number {
  if (end - start < 4 || source[start] !== 0x94) return 0;
  position = start + 2;
  limit = end;
  const type = source[start + 1];
  if (type === messageType.response) {
    plain.id = readId(source);
    if (position + 1 >= end || source[position] !== 0xc0) return 0;
    position++;
    plain.result = readValue(source, 1);
  } else if (type === messageType.request) {
    plain.id = readId(source);
    readMethod(source);
    if (position >= end) return 0;
    const count = source[position++]! - 0x90;
    if (count < 0 || count > maxItems) return 0;
    plain.params = readList(source, count, 0);
  } else {
    return 0;
  }
  plain.type = type;
  return position <= end && position - start <= maxPlainBytes ? position : 0;
}

function readId(source: Uint8Array): number {
  const token = source[position]!;
  if (token < 0x80 || (token >= 0xcc && token <= 0xce)) return readValue(source, maxLevels) as number;
  return stop();
}

function readMethod(source: Uint8Array): void {
  const length = position < limit ? source[position]! - 0xa0 : -1;
  const from = position + 1;
  if (length <= 0 || length > 31 || from + length > limit) return void stop();
  plain.method = methodNameAt(source, from, from + length);
  position = from + length;
}

/** What lies behind the end is 0, and the position passes the end: the caller looks. */
function readValue(source: Uint8Array, level: number): unknown {
  if (position >= limit) return stop();
  const token = source[position++]!;
  if (token < 0x80) return token;
  if (token >= 0xe0) return token - 0x100;
  if (token >= 0x90 && token < 0xa0 && level < maxLevels) return readList(source, token - 0x90, level);
  switch (token) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xcb:
      if (position + 8 > limit) return stop();
      for (let index = 0; index < 8; index++) doubleBytes[index] = source[position++]!;
      return doubleView.getFloat64(0);
    case 0xcc:
      return position + 1 > limit ? stop() : source[position++]!;
    case 0xcd:
      return position + 2 > limit ? stop() : readUint16(source);
    case 0xce:
      return position + 4 > limit ? stop() : readUint16(source) * 0x1_0000 + readUint16(source);
    case 0xd0:
      return position + 1 > limit ? stop() : (source[position++]! << 24) >> 24;
    case 0xd1:
      return position + 2 > limit ? stop() : (readUint16(source) << 16) >> 16;
    case 0xd2:
      return position + 4 > limit ? stop() : (readUint16(source) << 16) | readUint16(source);
    default:
      return token >= 0xa0 && token <= 0xa0 + maxTextBytes ? readText(source, token - 0xa0) : stop();
  }
}

function readList(source: Uint8Array, count: number, level: number): unknown[] {
  const list = new Array<unknown>(count);
  for (let index = 0; index < count; index++) list[index] = readValue(source, level + 1);
  return list;
}

/** ASCII alone, of which Latin-1 and UTF-8 make the same. Texts put together by characters would be chains. */
function readText(source: Uint8Array, length: number): unknown {
  const from = position;
  const end = from + length;
  if (end > limit) return stop();
  for (let at = from; at < end; at++) if (source[at]! > 0x7f) return stop();
  position = end;
  return latin1Slice.call(source, from, end);
}

function readUint16(source: Uint8Array): number {
  const value = (source[position]! << 8) | source[position + 1]!;
  position += 2;
  return value;
}

function stop(): 0 {
  position = 0x7fff_ffff;
  return 0;
}
