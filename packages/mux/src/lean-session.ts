/**
 * A session that also offers streams without Node's stream machinery, and control over when bytes are sent.
 */

import { invalidOption } from './errors.ts';
import { type ExplainClose, MuxStream } from './mux-stream.ts';
import type { SessionOptions } from './options.ts';
import type { RawStream } from './raw-stream.ts';
import { engineOf, Session } from './session.ts';
import type { Transport } from './transport.ts';

/** Options of a {@link LeanSession}: those of a session, and a callback for the streams of the peer. */
export interface LeanSessionOptions extends SessionOptions {
  /**
   * Receives every stream that the peer opens, in order. The call is synchronous, and the stream is already
   * accepted. If `onStream` is given, there is no accept queue, and `acceptStream()` rejects with
   * `MUX_MISUSE`.
   */
  onStream?: (stream: RawStream) => void;
}

/** A {@link Session} that also opens and takes lean streams. */
export class LeanSession extends Session {
  /** Takes over the transport immediately. Throws `MUX_OPTION_INVALID` if an option is invalid. */
  constructor(transport: Transport, options: LeanSessionOptions) {
    const { onStream, ...others } = options ?? {};
    if (onStream !== undefined && typeof onStream !== 'function') {
      throw invalidOption('onStream', 'a function', onStream);
    }
    super(transport, others);
    if (onStream !== undefined) engineOf(this).takeStreamsBy(onStream);
  }

  /** The session's name and number in this process, as debug output shows them: `host#1`. */
  get label(): string {
    return engineOf(this).label;
  }

  /** Opens a stream like `openStream()`, but without Node's stream machinery. */
  openRaw(): RawStream {
    return engineOf(this).open();
  }

  /**
   * Passes in bytes from the peer that are in a reusable buffer, as with `onread` of a `net.Socket`. The
   * bytes are only valid until this method returns, so the session copies the bytes that it keeps. As usual,
   * the transport's readable reports its end, and the session pauses and resumes the readable.
   */
  feed(chunk: Uint8Array): void {
    engineOf(this).feed(chunk);
  }

  /**
   * Hands the transport all bytes that fit the peer's windows, even if the transport is full. Use this
   * immediately before the process ends, because the turn will not end and the transport will not drain.
   */
  flush(): void {
    engineOf(this).flush();
  }

  /**
   * Sends the bytes that fit the peer's windows, sends a go-away, and ends our half of the transport. The
   * remaining bytes, and bytes that are written later, are never sent, and their streams end with an error.
   * Reading continues until the peer ends its half. Bytes that the peer sends until then are delivered. A
   * stream that the peer finishes ends without an error if we had sent all its bytes.
   */
  endOutput(): void {
    engineOf(this).endOutput();
  }
}

/**
 * Returns a Node Duplex on top of a lean stream of `session`. The Duplex replaces the stream's handler. Call
 * this function only once for each stream. If the stream closes with an error, `explain` decides which
 * error the users of the Duplex get. `explain` may decide later, and the users get the error then.
 */
export function toDuplex(stream: RawStream, session: Session, explain?: ExplainClose): MuxStream {
  return MuxStream.over(stream, session, explain);
}
