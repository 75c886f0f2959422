/**
 * Finds the end of a MessagePack value, however its bytes are split into chunks. The scanner decodes nothing.
 * It also protects the decoder from hostile messages: it finds out whether a message is complete, is within
 * the limits, and has only known types.
 */
import { PipeworkError } from '../../base/errors.ts';
import { isSparse } from '../../base/own-property.ts';
import { hasMark, markedTextBytes } from './byte-order-mark.ts';
import { headerBytes, payloadBytes, wholeBytes } from './tokens.ts';
import { extensionType } from './extension.ts';

/** Bits for the properties of a message that the decoder must know. */
export const saw = {
  extension: 1,
  bin: 2,
  protoKey: 4,
  tooDeep: 8,
  unknownExtension: 16,
  byteOrderMark: 32,
  sparseKey: 64,
} as const;

/** If a message has one of these properties, `fromWire()` must replace some of its decoded values. */
export const needsWalk: number = saw.extension | saw.bin;

/** The result of `scan` if the chunk ends inside the message. */
export const incomplete = -1;
/**
 * The result of `scan` if it stopped before the bytes of a large bin. `position`, `binLength` and `binHeader`
 * describe the bin.
 */
export const atLargeBin = -2;

/** Bins of at least this size are kept apart from their message if the message is not in one chunk. */
export const largeBinBytes: number = 16 * 1024;

/**
 * How many additional values a bin, a Date and a reference count as. A typed array with its own memory takes
 * 190 bytes, a Date takes 100, and a reference takes 430 or more.
 */
const binWeight = 2;
const dateWeight = 1;
const referenceWeight = 8;
const referenceBytes = 5;
/**
 * The additional cost of an object whose only key is an index. V8 makes an array or hash table of up to 220
 * bytes for such an object.
 */
const loneIndexWeight = 2;
/** If a text is an index, it has at most this many digits. */
const maxIndexDigits = 10;

export class Scanner {
  /** Bits of {@link saw} for the message so far. */
  flags = 0;
  /** The type of the extension that is not in the protocol, if `flags` has `unknownExtension`. */
  foreignType = 0;
  /**
   * These three fields describe the bin after {@link atLargeBin}: the position of its bytes in the chunk, the
   * number of its bytes, and the length of its header.
   */
  position = 0;
  binLength = 0;
  binHeader = 0;

  readonly #maxBytes: number;
  readonly #maxLevels: number;
  readonly #maxValues: number;
  /** How many values remain on each open level outside the innermost one. */
  readonly #outer: number[] = [];
  #level = 0;
  #left = 1;
  /** The number of keys of the innermost open level, if that level is a map; 0 for a list. */
  #keys = 0;
  readonly #outerKeys: number[] = [];
  /**
   * How many maps have only one or two keys. All of these maps may have different keys. So each counts as an
   * additional value if the message has one of the properties in {@link needsWalk}.
   */
  #fewKeys = 0;
  /** True if the chunk ended inside a key that may be an index. */
  #mayGoOnAsIndex = false;
  #skip = 0;
  #seen = 0;
  #values = 0;
  readonly #partial = new Uint8Array(6);
  #partialLength = 0;

  constructor(maxBytes: number, maxLevels: number, maxValues: number) {
    this.#maxValues = maxValues;
    this.#maxBytes = maxBytes;
    this.#maxLevels = maxLevels;
  }

  /**
   * How many more values the message could have held. If this is below 0, the message must not be decoded.
   */
  get valuesLeft(): number {
    return this.#maxValues - this.#values - ((this.flags & needsWalk) === 0 ? 0 : this.#fewKeys);
  }

  /** Prepares the scanner for the next message. */
  reset(): void {
    this.flags = 0;
    this.#level = 0;
    this.#left = 1;
    this.#keys = 0;
    this.#fewKeys = 0;
    this.#mayGoOnAsIndex = false;
    this.#skip = 0;
    this.#seen = 0;
    this.#values = 0;
    this.#partialLength = 0;
  }

  /**
   * Begins or continues a message at `chunk[from]`. Returns the position after the message,
   * {@link incomplete} or {@link atLargeBin}. Throws `RPC_MESSAGE_TOO_LARGE` as soon as a header claims too
   * much, and `RPC_PROTOCOL` at an invalid byte.
   */
  scan(chunk: Uint8Array, from: number, end: number): number {
    let at = from;
    if (this.#mayGoOnAsIndex && at < end) {
      this.#mayGoOnAsIndex = false;
      if (isDigit(chunk[at]!)) this.#tookIndex(Infinity);
    }
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, end - at);
      this.#skip -= skipped;
      at += skipped;
      if (this.#skip > 0) return this.#pause(at - from, this.#left);
    }
    if (this.#partialLength > 0) {
      at = this.#completeHeader(chunk, at, end);
      if (this.#partialLength > 0 || this.#skip > 0) return this.#pause(at - from, this.#left);
      if (this.binLength > 0) return this.#stopAtBin(at, from);
    }
    // The fields are copied into variables, because the loop reads them for each value.
    let left = this.#left;
    let keys = this.#keys;
    for (;;) {
      while (left === 0) {
        if (this.#level === 0) {
          this.#left = 0;
          this.#seen += at - from;
          return at;
        }
        left = this.#outer[--this.#level]!;
        this.#keys = keys = this.#outerKeys[this.#level]!;
      }
      if (at >= end) return this.#pause(at - from, left);
      const token = chunk[at]!;
      // A value is a key if an even number of values remains in its map. Most keys are texts that do not
      // begin with a digit.
      if (keys > 0 && (left & 1) === 0) {
        const next = at + token - 0x9f;
        if (token > 0xa0 && token < 0xc0 && next <= end && chunk[at + 1]! > 0x39) {
          if (token === 0xa9 && isProtoKey(chunk, at + 1, end)) this.flags |= saw.protoKey;
          left--;
          at = next;
          continue;
        }
        this.#key(token, chunk, at, end);
      }
      if (token < 0x80 || token >= 0xe0) {
        at++;
        left--;
        continue;
      }
      const whole = wholeBytes[token]!;
      if (whole > 0) {
        left--;
        if (token === 0xa9 && isProtoKey(chunk, at + 1, end)) this.flags |= saw.protoKey;
        at += whole;
        if (at <= end) continue;
        this.#skip = at - end;
        return this.#pause(end - from, left);
      }
      const header = headerBytes[token]!;
      if (header > end - at) {
        this.#partial.set(chunk.subarray(at, end));
        this.#partialLength = end - at;
        return this.#pause(end - from, left);
      }
      this.#left = left;
      const payload = this.#take(token, chunk, at, at - from);
      left = this.#left;
      keys = this.#keys;
      at += header;
      if (this.binLength > 0) return this.#stopAtBin(at, from);
      if (payload > 8) this.#look(payload, chunk, at, end);
      at += payload;
      if (at > end) {
        this.#skip = at - end;
        return this.#pause(end - from, left);
      }
    }
  }

  /** Checks whether the key at `chunk[at]` is an index. An index costs more than another key. */
  #key(token: number, chunk: Uint8Array, at: number, end: number): void {
    if (token < 0x80) return this.#tookIndex(token);
    if (token >= 0xa0 && token < 0xc0) {
      const length = token - 0xa0;
      if (length === 0 || length > maxIndexDigits) return;
      if (at + 1 >= end) this.#mayGoOnAsIndex = true;
      else if (isDigit(chunk[at + 1]!)) this.#tookIndex(readIndex(chunk, at + 1, at + 1 + length, end));
    } else if (token >= 0xcc && token <= 0xce) {
      this.#tookIndex(readUint(chunk, at + 1, 1 << (token - 0xcc), end));
    } else if (token >= 0xd9 && token <= 0xdb) {
      const length = readUint(chunk, at + 1, 1 << (token - 0xd9), end);
      if (length <= maxIndexDigits || length === Infinity) this.#tookIndex(Infinity);
    } else if (token >= 0xc4 && token < 0xd9) {
      // A key in one of these forms counts as an index, because only a hostile peer writes such keys. If the
      // key is no index, it is read correctly nevertheless.
      this.#tookIndex(Infinity);
    }
  }

  /** Notes that a key of the innermost map is an index. Does nothing for -1. */
  #tookIndex(index: number): void {
    if (index < 0) return;
    if (this.#keys === 1) this.#values += loneIndexWeight;
    if (isSparse(index, this.#keys)) this.flags |= saw.sparseKey;
  }

  /** Stores the state of an incomplete message, of which `bytes` more bytes were scanned. */
  #pause(bytes: number, left: number): typeof incomplete {
    this.#left = left;
    this.#seen += bytes;
    if (this.#seen > this.#maxBytes) this.#tooLarge(this.#seen);
    return incomplete;
  }

  #stopAtBin(at: number, from: number): typeof atLargeBin {
    this.#seen += at - from + this.binLength;
    this.position = at;
    return atLargeBin;
  }

  /** Must be called when the reader has handled the bin at which `scan` stopped. */
  passedBin(): void {
    this.binLength = 0;
  }

  /** Completes a header that was split between chunks, and counts its value. Returns the new position. */
  #completeHeader(chunk: Uint8Array, from: number, end: number): number {
    let at = from;
    const size = headerBytes[this.#partial[0]!]!;
    while (this.#partialLength < size && at < end) this.#partial[this.#partialLength++] = chunk[at++]!;
    if (this.#partialLength < size) return at;
    this.#partialLength = 0;
    const payload = this.#take(this.#partial[0]!, this.#partial, 0, 0);
    if (this.binLength > 0) return at;
    if (payload > 8) this.#look(payload, chunk, at, end);
    at += payload;
    if (at <= end) return at;
    this.#skip = at - end;
    return end;
  }

  /** Notes whether the bytes may be a text that needs special handling to be decoded correctly. */
  #look(bytes: number, chunk: Uint8Array, at: number, end: number): void {
    if (bytes === 9 && isProtoKey(chunk, at, end)) this.flags |= saw.protoKey;
    else if (bytes > markedTextBytes && hasMark(chunk, at, end)) this.flags |= saw.byteOrderMark;
  }

  /**
   * Counts the value whose complete header is at `buffer[at]`. Returns how many payload bytes follow the
   * header.
   */
  #take(token: number, buffer: Uint8Array, at: number, before: number): number {
    this.#left--;
    if (token < 0x90) return this.#open((token & 15) * 2, before, token & 15);
    if (token < 0xa0) return this.#open(token & 15, before, 0);
    if (token < 0xc4) {
      if (token === 0xc1)
        throw new PipeworkError(
          'RPC_PROTOCOL',
          'the peer sent the byte 0xc1, which begins no MessagePack value',
        );
      return payloadBytes[token]!;
    }
    switch (token) {
      case 0xc4:
        this.flags |= saw.bin;
        this.#values += binWeight;
        return buffer[at + 1]!;
      case 0xc5:
        return this.#bin(uint16(buffer, at + 1), 3, before);
      case 0xc6:
        return this.#bin(uint32(buffer, at + 1), 5, before);
      case 0xc7:
        this.#extension(buffer[at + 2]!, buffer[at + 1]!);
        return buffer[at + 1]!;
      case 0xc8:
        this.#extension(buffer[at + 3]!, uint16(buffer, at + 1));
        return uint16(buffer, at + 1);
      case 0xc9:
        this.#extension(buffer[at + 5]!, uint32(buffer, at + 1));
        return this.#claim(uint32(buffer, at + 1), before);
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        this.#extension(buffer[at + 1]!, payloadBytes[token]!);
        return payloadBytes[token]!;
      case 0xd9:
        return buffer[at + 1]!;
      case 0xda:
        return uint16(buffer, at + 1);
      case 0xdb:
        return this.#claim(uint32(buffer, at + 1), before);
      case 0xdc:
        return this.#open(uint16(buffer, at + 1), before, 0);
      case 0xdd:
        return this.#open(uint32(buffer, at + 1), before, 0);
      case 0xde:
        return this.#open(uint16(buffer, at + 1) * 2, before, uint16(buffer, at + 1));
      case 0xdf:
        return this.#open(uint32(buffer, at + 1) * 2, before, uint32(buffer, at + 1));
      default:
        return payloadBytes[token]!;
    }
  }

  /** Begins a level of `values` values. `keys` is the number of keys for a map, and 0 for a list. */
  #open(values: number, before: number, keys: number): 0 {
    if (values === 0) return 0;
    if (values > 0xff) this.#claim(values, before);
    this.#values += values;
    if (keys > 0 && keys < 3) this.#fewKeys++;
    if (this.#level >= this.#maxLevels) {
      // The values of a list or map that is too deep are counted on the current level. So the scanner finds
      // the message's end, and only this message fails.
      this.flags |= saw.tooDeep;
      this.#left += values;
      return 0;
    }
    this.#outerKeys[this.#level] = this.#keys;
    this.#outer[this.#level++] = this.#left;
    this.#left = values;
    this.#keys = keys;
    return 0;
  }

  #bin(length: number, header: number, before: number): number {
    this.flags |= saw.bin;
    this.#values += binWeight;
    this.#claim(length, before);
    if (length < largeBinBytes) return length;
    this.binLength = length;
    this.binHeader = header;
    return 0;
  }

  #extension(type: number, length: number): void {
    if (type === 0xff) {
      this.#values += dateWeight;
      return;
    }
    if (type === 0 && length === 1) return;
    if (type === extensionType) {
      this.flags |= saw.extension;
      if (length === referenceBytes) this.#values += referenceWeight;
      return;
    }
    this.flags |= saw.unknownExtension;
    this.foreignType = type > 127 ? type - 256 : type;
  }

  /**
   * Returns `bytes`, or throws if the message would be too large with them. The header of a list or map of n
   * values claims n bytes, because each value has at least one byte.
   */
  #claim(bytes: number, before: number): number {
    if (this.#seen + before + bytes > this.#maxBytes) this.#tooLarge(this.#seen + before + bytes);
    return bytes;
  }

  #tooLarge(bytes: number): never {
    throw new PipeworkError(
      'RPC_MESSAGE_TOO_LARGE',
      `the peer sent a message of at least ${bytes} bytes; the limit (maxMessageBytes) is ${this.#maxBytes}. Send large data as a stream, or in parts`,
    );
  }
}

/**
 * Returns true if the nine bytes of a text may be `__proto__`, or if their first three are not all in this
 * chunk. The decoder checks again.
 */
function isProtoKey(chunk: Uint8Array, at: number, end: number): boolean {
  if (at + 3 > end) return true;
  return chunk[at] === 0x5f && chunk[at + 1] === 0x5f && chunk[at + 2] === 0x70;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/**
 * Returns the index that a text names; -1 if the text names none, and Infinity if the chunk ends inside the
 * text. The text must begin with a digit.
 */
function readIndex(chunk: Uint8Array, from: number, to: number, end: number): number {
  if (to > end) return Infinity;
  if (chunk[from] === 0x30 && to > from + 1) return -1;
  let index = 0;
  for (let at = from; at < to; at++) {
    if (!isDigit(chunk[at]!)) return -1;
    index = index * 10 + chunk[at]! - 0x30;
  }
  return index;
}

function readUint(chunk: Uint8Array, at: number, bytes: number, end: number): number {
  if (at + bytes > end) return Infinity;
  if (bytes === 1) return chunk[at]!;
  return bytes === 2 ? uint16(chunk, at) : uint32(chunk, at);
}

function uint16(buffer: Uint8Array, at: number): number {
  return (buffer[at]! << 8) | buffer[at + 1]!;
}

function uint32(buffer: Uint8Array, at: number): number {
  return ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0;
}
