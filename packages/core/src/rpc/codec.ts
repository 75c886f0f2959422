/** Messages to bytes and back: the one place that knows how a message lies in the stream. */
import type { RawStream } from '@pipework/mux';
import { PipeworkError } from '../errors.ts';
import { baseCodec, fullCodec, mapCodec, reuseBuffer } from './msgpack.ts';
import { saw, type Scanner } from './scanner.ts';
import { fromWire, type InboundOptions } from './values/inbound.ts';
import { setBins, takeGaps, type Gap } from './values/wire.ts';

// Messages are packed here and copied into the mux's output; a larger one gets a buffer that is dropped again.
const slab = Buffer.allocUnsafeSlow(64 * 1024);
const range = { start: 0, end: 0 };

// Streams to which a message is being written in pieces, and what was to be written meanwhile.
const underWay = new Map<RawStream, (() => void)[]>();

/**
 * Packs a message and writes it, large bins by reference between the pieces. Returns what the stream's `write` says. Throws
 * `RPC_MESSAGE_TOO_LARGE` before anything is written.
 */
export function writeMessage(
  stream: RawStream,
  message: readonly unknown[],
  full: boolean,
  maxBytes: number,
): boolean {
  const codec = full ? fullCodec : baseCodec;
  codec.useBuffer(slab);
  let packed;
  try {
    packed = codec.pack(message, reuseBuffer);
  } catch (error) {
    takeGaps();
    throw error;
  }
  const { start, end } = packed;
  const gaps = takeGaps();
  let bytes = end - start;
  for (const gap of gaps) bytes += gap.bytes.byteLength;
  if (bytes > maxBytes) {
    throw new PipeworkError(
      'RPC_MESSAGE_TOO_LARGE',
      `The message would be ${bytes} bytes; the limit (maxMessageBytes) is ${maxBytes}. Send large data as a stream, or in parts.`,
    );
  }
  if (gaps.length === 0 && underWay.size === 0) return stream.writeCopy(packed, start, end);
  // From here on others may use the slab, and pipes in memory may answer before a write returns.
  const pieces = piecesOf(Buffer.from(packed.subarray(start, end)), start, gaps);
  const waiting = underWay.get(stream);
  if (waiting === undefined) return writePieces(stream, pieces);
  waiting.push(() => void writePieces(stream, pieces));
  return true;
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

/** Nothing else gets between the pieces of a message. */
function writePieces(stream: RawStream, pieces: readonly Uint8Array[]): boolean {
  const waiting: (() => void)[] = [];
  underWay.set(stream, waiting);
  let flowing = true;
  try {
    for (const piece of pieces) flowing = stream.write(piece);
  } finally {
    underWay.delete(stream);
  }
  for (const write of waiting) write();
  return flowing;
}

/**
 * Decodes `source[start..end)`, which the scanner has let through. Throws `RPC_INVALID_VALUE` or `RPC_TOO_DEEP`: a failure of this
 * message alone.
 */
export function readValue(
  source: Uint8Array,
  start: number,
  end: number,
  scanner: Scanner,
  bins: readonly Uint8Array[],
  options: InboundOptions,
): unknown {
  const { flags } = scanner;
  if (flags & (saw.tooDeep | saw.unknownExtension)) return refuse(scanner);
  range.start = start;
  range.end = end;
  try {
    if (flags === 0) return fullCodec.unpack(source, range);
    setBins(bins);
    const codec = flags & saw.protoKey ? mapCodec : fullCodec;
    return fromWire(codec.unpack(source, range), options);
  } catch (error) {
    throw new PipeworkError(
      'RPC_INVALID_VALUE',
      `The peer sent a value that cannot be taken: ${String((error as Error)?.message)}`,
      {
        cause: error,
      },
    );
  } finally {
    setBins([]);
  }
}

function refuse(scanner: Scanner): never {
  if (scanner.flags & saw.tooDeep) {
    throw new PipeworkError(
      'RPC_TOO_DEEP',
      'The peer sent a value that is nested deeper than the limit (maxDepth).',
    );
  }
  throw new PipeworkError(
    'RPC_INVALID_VALUE',
    `The peer sent MessagePack extension type ${scanner.foreignType}, which this side did not announce.`,
  );
}
