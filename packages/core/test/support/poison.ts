/**
 * Lends every chunk to a stream's handler, as a transport that reuses one buffer does. After the handler has
 * returned, the bytes are overwritten. A reader that has kept a view of them then reads 0xff.
 */
import type { LeanSession, RawStream, RawStreamHandler } from '@pipework/mux/lean';

/** Counts the bytes that were lent and then overwritten. */
export interface Poison {
  lentBytes: number;
}

/**
 * Poisons every stream that this side of the session opens from now on. For streams that the peer opens, use
 * {@link poisonStream}.
 */
export function poisonSession(session: LeanSession, poison: Poison): void {
  const openRaw = session.openRaw.bind(session);
  session.openRaw = (...args) => poisonStream(openRaw(...args), poison);
}

/**
 * Wraps each handler that the stream gets, so that the bytes lent to the handler are overwritten afterwards.
 */
export function poisonStream(stream: RawStream, poison: Poison): RawStream {
  const setHandler = stream.setHandler.bind(stream);
  stream.setHandler = (handler) => {
    setHandler(lending(handler, poison));
  };
  // The reader needs a copy, because the bytes are only lent and will be overwritten.
  stream.own = (chunk) => Buffer.from(chunk);
  return stream;
}

function lending(handler: RawStreamHandler, poison: Poison): RawStreamHandler {
  const lend = (chunk: Uint8Array, take: (lent: Uint8Array) => void): void => {
    const lent = Buffer.from(chunk);
    poison.lentBytes += lent.length;
    try {
      take(lent);
    } finally {
      lent.fill(0xff);
    }
  };
  const poisoned: RawStreamHandler = {
    onData: (chunk) => lend(chunk, (lent) => handler.onData(lent)),
    onEnd: () => handler.onEnd(),
    onDrain: () => handler.onDrain?.(),
    onFinish: () => handler.onFinish?.(),
    onClose: (error) => handler.onClose(error),
  };
  if (handler.onRange === undefined) return poisoned;
  // Puts the bytes into a larger chunk, because the mux passes ranges of its chunks.
  const onRange = (chunk: Uint8Array, start: number, end: number): void =>
    lend(Buffer.concat([margin, chunk.subarray(start, end), margin]), (lent) =>
      handler.onRange?.(lent, margin.length, lent.length - margin.length),
    );
  return { ...poisoned, onRange };
}

const margin = Buffer.alloc(3);
