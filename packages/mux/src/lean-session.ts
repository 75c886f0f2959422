/** A session with its lean face too: streams without Node's stream machinery, and control of when bytes leave. */

import { invalidOption } from './errors.ts';
import { type ExplainClose, MuxStream } from './mux-stream.ts';
import type { SessionOptions } from './options.ts';
import type { RawStream } from './raw-stream.ts';
import { engineOf, Session } from './session.ts';
import type { Transport } from './transport.ts';

/** Options of a {@link LeanSession}: those of a session, and who takes the streams of the peer. */
export interface LeanSessionOptions extends SessionOptions {
  /**
   * Takes every stream that the peer opens, accepted, synchronously and in order. With it there is no accept queue, and
   * `acceptStream()` rejects with `MUX_MISUSE`.
   */
  onStream?: (stream: RawStream) => void;
}

/** A {@link Session} that also opens and takes lean streams. */
export class LeanSession extends Session {
  /** Takes the transport over at once. Throws `MUX_OPTION_INVALID` if an option is not what it must be. */
  constructor(transport: Transport, options: LeanSessionOptions) {
    const { onStream, ...others } = options ?? {};
    if (onStream !== undefined && typeof onStream !== 'function') {
      throw invalidOption('onStream', 'a function', onStream);
    }
    super(transport, others);
    if (onStream !== undefined) engineOf(this).takeStreamsBy(onStream);
  }

  /** The session's name and number in this process, as debug output has it: `host#1`. */
  get label(): string {
    return engineOf(this).label;
  }

  /** Opens a stream as `openStream()` does, without Node's stream machinery. */
  openRaw(): RawStream {
    return engineOf(this).open();
  }

  /**
   * Takes bytes from the peer that lie in a buffer which is read into again, as with `onread` of a `net.Socket`. They are
   * lent until this returns, so what is kept of them is copied. The readable still tells of its end, and is paused and
   * resumed.
   */
  feed(chunk: Uint8Array): void {
    engineOf(this).feed(chunk);
  }

  /**
   * Hands everything that fits the peer's windows to the transport now, even if that is full: for the moment before the
   * process ends, when neither the end of a turn nor a drain comes any more.
   */
  flush(): void {
    engineOf(this).flush();
  }

  /**
   * Goes away, and ends our half of the transport behind what fits the peer's windows. What is left or written later
   * never leaves, and its stream ends with an error. Reading goes on until the peer ends its half: what it still sends is
   * delivered, and streams that it finishes end without an error.
   */
  endOutput(): void {
    engineOf(this).endOutput();
  }
}

/**
 * Returns a lean stream of this session as a Node Duplex, which takes over as its handler. Call it once a stream. If the
 * stream closes with an error, `explain` says which one the Duplex's users get, also later: they are told then.
 */
export function toDuplex(stream: RawStream, session: Session, explain?: ExplainClose): MuxStream {
  return MuxStream.over(stream, session, explain);
}
