/** Turns messages into bytes and back. Only this file knows the layout of messages in the stream. */
import type { RawStream } from '@pipework/mux/lean';
import { isPipeworkError, PipeworkError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { isError } from '../../base/realm.ts';
import { doubleMarks } from '../wire/byte-order-mark.ts';
import { readOne } from '../wire/value-reader.ts';
import { baseCodec, fullCodec, reuseBuffer, type Codec, type Packed } from '../wire/msgpack.ts';
import { plainBytes } from './small/writer.ts';
import type { IncomingMessage } from '../wire/incoming-message.ts';
import { needsWalk, saw, type Scanner } from '../wire/scanner.ts';
import { fromWire, tooManyValues, type InboundOptions } from '../values/inbound.ts';
import { takeGaps } from '../wire/extension.ts';
import { scratch, type Gap } from '../wire/scratch.ts';

const noBins: readonly Uint8Array[] = [];

// The streams to which a message is being written in pieces. For each of these streams, the map has the
// writes that other code asked for in the meantime.
const underWay = new Map<RawStream, (() => boolean)[]>();

/**
 * Packs a message and writes it. Large bins are written without a copy, between the packed pieces. Returns
 * the result of the stream's `write`: false if the stream is full. Throws `RPC_MESSAGE_TOO_LARGE` for a
 * message of more than `maxBytes`, and writes none of it.
 */
export function writeMessage(
  stream: RawStream,
  message: readonly unknown[],
  full: boolean,
  maxBytes: number,
): boolean {
  const codec = full ? fullCodec() : baseCodec();
  const packed = pack(codec, message);
  const { start, end } = packed;
  const gaps = takeGaps();
  let bytes = end - start;
  for (const gap of gaps) bytes += gap.bytes.byteLength;
  if (bytes > maxBytes) {
    throw new PipeworkError(
      'RPC_MESSAGE_TOO_LARGE',
      `the message would be ${bytes} bytes; the limit (maxMessageBytes) is ${maxBytes}. Send large data as a stream, or in parts`,
    );
  }
  if (gaps.length === 0 && underWay.size === 0) return stream.writeCopy(packed, start, end);
  // The packed bytes are copied, because other code may pack into the same buffer during a write. For
  // instance, over pipes in memory the peer may answer before a write returns.
  const pieces = piecesOf(Buffer.from(packed.subarray(start, end)), start, gaps);
  const waiting = underWay.get(stream);
  if (waiting === undefined) return writePieces(stream, pieces);
  waiting.push(() => writePieces(stream, pieces));
  return true;
}

/**
 * Writes the message that was packed into the first `length` bytes of `plainBytes`. Returns the result of the
 * stream's `write`.
 */
export function writePlain(stream: RawStream, length: number): boolean {
  if (underWay.size === 0) return stream.writeCopy(plainBytes, 0, length);
  const bytes = Buffer.from(plainBytes.subarray(0, length));
  const waiting = underWay.get(stream);
  if (waiting === undefined) return stream.write(bytes);
  waiting.push(() => stream.write(bytes));
  return true;
}

/**
 * Packs a value that the walk of outbound.ts has returned. The buffer of the packed bytes is reused for the
 * next message. Packing runs no code of the user, because the walk has copied the user's objects.
 */
export function pack(codec: Codec, value: unknown): Packed {
  takeGaps();
  codec.useBuffer(scratch.slab);
  return codec.pack(value, reuseBuffer);
}

function piecesOf(packed: Uint8Array, start: number, gaps: readonly Gap[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const { at, bytes } of gaps) {
    pieces.push(packed.subarray(from, at - start), bytes);
    from = at - start;
  }
  if (from < packed.length) pieces.push(packed.subarray(from));
  return pieces;
}

/**
 * Writes the pieces of a message, and after them the messages that other code asked to write in the meantime.
 */
function writePieces(stream: RawStream, pieces: readonly Uint8Array[]): boolean {
  const waiting: (() => boolean)[] = [];
  underWay.set(stream, waiting);
  let flowing = true;
  try {
    for (const piece of pieces) flowing = stream.write(piece);
  } finally {
    underWay.delete(stream);
  }
  // Returns the result of the last write. A caller that gets false waits for a drain. If the stream has
  // drained since the pieces were written, an earlier `false` would make the caller wait forever.
  for (const write of waiting) flowing = write();
  return flowing;
}

/**
 * Decodes the value at the message's `at`. The scanner must have found the message's end. Throws
 * `RPC_INVALID_VALUE`, `RPC_TOO_DEEP` or `RPC_MESSAGE_TOO_LARGE`. These errors fail only this message, and
 * not the conversation.
 */
export function readValue(message: IncomingMessage, options: InboundOptions): unknown {
  const { scanner } = message;
  const { flags } = scanner;
  if (flags & (saw.tooDeep | saw.unknownExtension) || scanner.valuesLeft < 0) return refuse(scanner);
  const { allowance } = options;
  allowance.values = scanner.valuesLeft;
  allowance.adding.keys = 0;
  allowance.adding.ms = 0;
  let { source, at: start, end } = message;
  const hasOddKeys =
    (flags & saw.sparseKey) !== 0 || ((flags & saw.protoKey) !== 0 && hasProtoKey(source, start, end));
  if (flags & saw.byteOrderMark && !hasOddKeys) {
    source = doubleMarks(source, start, end);
    start = 0;
    end = source.length;
  }
  const { range } = scratch;
  range.start = start;
  range.end = end;
  try {
    scratch.bins = message.bins;
    const read = hasOddKeys ? readOne(source, start) : fullCodec().unpack(source, range);
    return (flags & needsWalk) === 0 ? read : fromWire(read, options);
  } catch (error) {
    if (isPipeworkError(error)) throw error;
    throw new PipeworkError(
      'RPC_INVALID_VALUE',
      `the peer sent a value that cannot be taken: ${String((error as Error)?.message)}`,
      { cause: printableCause(error) },
    );
  } finally {
    scratch.bins = noBins;
  }
}

/** Makes the text of a decoding error printable, because the text may quote bytes of the peer's message. */
function printableCause(error: unknown): unknown {
  if (isError(error)) {
    error.message = printable(error.message);
    if (error.stack !== undefined) error.stack = printable(error.stack);
  }
  return error;
}

/**
 * Returns true if the message contains the text `__proto__`. The scanner looks at only three bytes of a text,
 * so `saw.protoKey` means only that the message may contain this text.
 */
function hasProtoKey(source: Uint8Array, start: number, end: number): boolean {
  return Buffer.from(source.buffer, source.byteOffset + start, end - start).includes(
    '__proto__',
    0,
    'latin1',
  );
}

function refuse(scanner: Scanner): never {
  if (scanner.flags & saw.tooDeep) {
    throw new PipeworkError(
      'RPC_TOO_DEEP',
      'the peer sent a value that is nested deeper than the limit (maxDepth)',
    );
  }
  if (scanner.valuesLeft < 0) throw tooManyValues();
  throw new PipeworkError(
    'RPC_INVALID_VALUE',
    `the peer sent MessagePack extension type ${scanner.foreignType}, which this side did not announce`,
  );
}
