/**
 * The lean interface of a stream: callbacks and borrowed chunks, for callers that do not need a Node stream.
 */

import type { MuxError } from './errors.ts';

/**
 * One two-way flow inside a session, without Node's stream machinery. No method throws because of the peer or
 * the transport. If one of these ends the stream, the handler's `onClose` is called, exactly once.
 */
export interface RawStream {
  /** The stream's number. Streams of the client have odd ids, and streams of the server have even ids. */
  readonly id: number;
  /**
   * Bytes written that were not handed to the transport yet, because of its back-pressure or the peer's
   * window.
   */
  readonly queuedBytes: number;

  /**
   * Sets the handler that gets every event from now on, in place of an earlier handler. Bytes that have
   * arrived already are delivered before this call returns. If the peer's end or the close has happened
   * already, this call reports it too, even if an earlier handler got it. While no handler is set, arriving
   * bytes wait and use up the window.
   */
  setHandler(handler: RawStreamHandler): void;

  /**
   * Sends bytes after everything that was written before. The bytes are queued by reference, so the caller
   * must not change them afterwards. Returns false if more than the high-water mark is queued; `onDrain` then
   * follows. Drops the bytes if the stream has ended. Throws `MUX_WRITE_AFTER_END` after `end()`.
   */
  write(chunk: Uint8Array): boolean;

  /**
   * Like {@link write}, but copies `buffer[start..end)` before it returns, so that the buffer can be reused.
   */
  writeCopy(buffer: Uint8Array, start: number, end: number): boolean;

  /**
   * Says that the application has taken this many of the delivered bytes. The peer gets credit only for such
   * bytes, as soon as half a window is due. So if the bytes of a stream are never consumed, the peer must
   * stop when the window is used up.
   */
  consume(bytes: number): void;

  /**
   * Gives delivered bytes back. The next handler gets them first, and nothing is delivered until that handler
   * is set. The bytes are copied.
   */
  unshift(chunk: Uint8Array): void;

  /**
   * Returns the bytes of a borrowed chunk as a chunk that never changes, so that a handler can keep it. The
   * result is a copy if the transport will read into that memory again, and otherwise the same chunk. Call
   * this only within `onData` and `onRange`.
   */
  own(chunk: Uint8Array): Uint8Array;

  /** Finishes our half: FIN is sent after everything written. Further calls do nothing. */
  end(): void;

  /**
   * Ends both halves immediately. Unsent and undelivered bytes are dropped, and the peer gets RST. `error`
   * becomes the `cause` of the error that `onClose` gets.
   */
  reset(error?: Error): void;

  /**
   * Moves the queued bytes that fit the peer's window ahead of everything that other streams write from now
   * on. This is the one exception to fairness between streams.
   */
  expedite(): void;
}

/** The callbacks of a {@link RawStream}, called synchronously while the transport is read. */
export interface RawStreamHandler {
  /**
   * Called with bytes that arrived. The chunk is borrowed, and valid only until this callback returns. To
   * keep the bytes, keep the result of `own(chunk)`.
   */
  onData(chunk: Uint8Array): void;
  /**
   * Called in place of {@link onData}, with the arrived bytes `chunk[start..end)`. This callback exists
   * because making a view of a small frame costs as much as reading the frame. Bytes that had to wait for a
   * handler are passed to `onData` nevertheless.
   */
  onRange?(chunk: Uint8Array, start: number, end: number): void;
  /** The peer's FIN arrived, after all its data. */
  onEnd(): void;
  /** After a write returned false, the queue has fallen to half the high-water mark. */
  onDrain?(): void;
  /** Our FIN was handed to the transport, after everything written. */
  onFinish?(): void;
  /**
   * The stream has ended. This callback is called exactly once, after all others. `error` is undefined if
   * both sides finished.
   */
  onClose(error: MuxError | undefined): void;
}
