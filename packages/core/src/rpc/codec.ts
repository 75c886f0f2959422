/** Messages to bytes and back: the one place that knows how a message lies in the stream. */
import type { RawStream } from '@pipework/mux';
import { PipeworkError } from '../errors.ts';
import { baseCodec, fullCodec, mapCodec, reuseBuffer } from './msgpack.ts';
import { saw, type Scanner } from './scanner.ts';
import { fromWire, type InboundOptions } from './values/inbound.ts';
import { setBins, takeGaps } from './values/wire.ts';

// Messages are packed here and copied into the mux's output; a larger one gets a buffer that is dropped again.
const slab = Buffer.allocUnsafeSlow(64 * 1024);
const range = { start: 0, end: 0 };

/**
 * Packs a message and writes it, large bins by reference between copied pieces. Returns what the stream's `write` says. Throws
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
  const gaps = takeGaps();
  let bytes = packed.end - packed.start;
  for (const gap of gaps) bytes += gap.bytes.byteLength;
  if (bytes > maxBytes) {
    throw new PipeworkError(
      'RPC_MESSAGE_TOO_LARGE',
      `The message would be ${bytes} bytes; the limit (maxMessageBytes) is ${maxBytes}. Send large data as a stream, or in parts.`,
    );
  }
  let from = packed.start;
  let flowing = true;
  for (const { at, bytes: large } of gaps) {
    stream.writeCopy(packed, from, at);
    flowing = stream.write(large);
    from = at;
  }
  return from < packed.end ? stream.writeCopy(packed, from, packed.end) : flowing;
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
