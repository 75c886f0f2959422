/** The lean face of a stream: callbacks and borrowed chunks, for callers that need no stream machinery for each message. */

import type { MuxError } from './errors.ts';
import type { MuxStream } from './mux-stream.ts';
import type { Session } from './session.ts';

/**
 * One two-way flow inside a session, without Node's stream machinery. Nothing here throws for what the peer or the
 * transport did: that is told once, to the handler's `onClose`.
 */
export interface RawStream {
  /** Odd where the client opened it, even where the server did. */
  readonly id: number;
  /** The session it belongs to. */
  readonly session: Session;
  /** Bytes written that the transport has not been handed yet, because of its back-pressure or the peer's window. */
  readonly queuedBytes: number;

  /**
   * Says who hears from this stream from now on; may be replaced. Bytes that came before are delivered before this
   * returns; so are an end and a close that came before, also where a former handler was told them. Until there is a
   * handler bytes wait, inside the window.
   */
  setHandler(handler: RawStreamHandler): void;

  /**
   * Sends bytes behind all that was written before. They are queued by reference: the caller must not change them any
   * more. Returns false once more than the high-water mark is queued; `onDrain` then follows. On a stream that is
   * closed already the bytes are dropped. Throws `MUX_WRITE_AFTER_END` after `end()`.
   */
  write(chunk: Uint8Array): boolean;

  /** Like {@link write}, for `buffer[start..end)`, which is copied before this returns: for a buffer that is reused. */
  writeCopy(buffer: Uint8Array, start: number, end: number): boolean;

  /**
   * The application has taken this many of the bytes it was given, and credit for them goes back to the peer once it
   * is worth a frame. Nothing is credited without it: a stream whose bytes are never consumed stops at its window.
   */
  consume(bytes: number): void;

  /**
   * Gives bytes back that were delivered and belong to the next handler: delivery stops, and they come first when a
   * handler is set. They are copied.
   */
  unshift(chunk: Uint8Array): void;

  /** Finishes our half: FIN goes out behind everything written. Calling it again does nothing. */
  end(): void;

  /** Ends both halves at once: what is unsent or undelivered is dropped, the peer gets RST. `error` becomes the cause. */
  reset(error?: Error): void;

  /**
   * What is queued here and fits the peer's window goes out ahead of whatever other streams write from now on: the one
   * exception to fairness between streams.
   */
  expedite(): void;

  /** The same stream as a Node Duplex, which takes over as its handler. The same object each time. */
  toDuplex(): MuxStream;
}

/** Who hears from a {@link RawStream}. Called synchronously while the transport is being read. */
export interface RawStreamHandler {
  /** Bytes came. The chunk is borrowed: it is valid until this returns. Copy what you keep. */
  onData(chunk: Uint8Array): void;
  /**
   * Like {@link onData}, which it replaces where it is there, with the bytes as `chunk[start..end)`: a view made for each small
   * frame costs as much as reading it. Bytes that had to wait still come by `onData`.
   */
  onRange?(chunk: Uint8Array, start: number, end: number): void;
  /** The peer's FIN, after all its data. */
  onEnd(): void;
  /** What was queued has gone below the high-water mark, after a write that returned false. */
  onDrain?(): void;
  /** Our FIN has been handed to the transport, behind all that was written. */
  onFinish?(): void;
  /** The stream is over: exactly once, and last. `error` is undefined where both sides finished. */
  onClose(error: MuxError | undefined): void;
}
