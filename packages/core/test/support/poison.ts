/**
 * Lends every chunk to a stream's handler as a transport with one reused buffer does. Once the handler has
 * returned, the bytes are overwritten. A reader that keeps a view of lent bytes then reads 0xff.
 */
import type { LeanSession, RawStream, RawStreamHandler } from '@pipework/mux/lean';

/** How many bytes were lent and then overwritten. */
export interface Poison {
  lentBytes: number;
}

/**
 * Poisons every stream that the session opens from now on. For streams of the peer use {@link poisonStream}.
 */
export function poisonSession(session: LeanSession, poison: Poison): void {
  const openRaw = session.openRaw.bind(session);
  session.openRaw = (...args) => poisonStream(openRaw(...args), poison);
}

/** Poisons the handler of this stream. */
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
  // The bytes are inside a larger chunk, as in a chunk of the mux.
  const onRange = (chunk: Uint8Array, start: number, end: number): void =>
    lend(Buffer.concat([margin, chunk.subarray(start, end), margin]), (lent) =>
      handler.onRange?.(lent, margin.length, lent.length - margin.length),
    );
  return { ...poisoned, onRange };
}

const margin = Buffer.alloc(3);
