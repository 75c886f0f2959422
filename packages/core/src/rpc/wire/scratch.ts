/**
 * Memory that the codec reuses for every message, so that a small message allocates nothing.
 *
 * **The rule of re-entrancy.** All values that are stored here must be used up before any other code runs.
 * Other code is, for example, a handler, a getter, a proxy, or the peer at the other end of a pipe in memory.
 * The walk reads all values of the user before their message is packed. Values that were read from a message
 * are taken from this object before this side acts on the message. Small messages are the exception: the
 * user's values are read while the message is packed, and `isPackingSmall` is true meanwhile. If a getter
 * begins another message, that message takes the general path and leaves the fields of the small message
 * alone. `left` and `copies` are copied into variables before a getter can run.
 */

/** The place of a LargeBin's bytes in the packed message. */
export interface Gap {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The fields of a small message that was read. */
export interface PlainMessage {
  type: number;
  id: number;
  method: string;
  /** The params of a request. */
  params: unknown[];
  /** The result of a successful response. */
  result: unknown;
}

interface Scratch {
  // For messages that are packed on the general path.
  /**
   * The buffer in which messages are packed before they are copied into the mux's output. If a message is
   * larger, it gets its own buffer, which is dropped after use.
   */
  readonly slab: Buffer;
  /** The places in the packed message at which the bytes of large bins were left out. */
  gaps: Gap[];

  // For messages that are read on the general path.
  /** The message's place in its chunk. */
  readonly range: { start: number; end: number };
  /** The large bins of the message, which are kept apart from its other bytes. */
  bins: readonly Uint8Array[];

  // For small messages that are packed. `types`, `tables` and `references` are the `PlainOptions` of the
  // message's conversation.
  isPackingSmall: boolean;
  /**
   * The small message that is being packed. The buffer is longer than a small message may be, so that it has
   * room for a text that begins just before the limit.
   */
  readonly small: Buffer;
  types: boolean;
  tables: boolean;
  references: { standsApart(record: object): boolean } | undefined;
  /**
   * The value that the general path must send, because the message is not plain. While the writer returns
   * from nested values, this is first the innermost value that is not plain, and then each value that
   * encloses it.
   */
  left: unknown;
  /** A flat list of pairs: a copy in `left`, and after it the user's own object or list. */
  copies: readonly object[];

  // For small messages that are read.
  /**
   * The reading position. The position is beyond `limit` if the message is cut off, or has a value that is
   * not plain.
   */
  position: number;
  limit: number;
  /** The message that was read last. */
  readonly plain: PlainMessage;
}

export const scratch: Scratch = {
  // msgpackr needs spare room. 1,000 packed records take a quarter of this size.
  slab: Buffer.allocUnsafeSlow(256 * 1024),
  gaps: [],
  range: { start: 0, end: 0 },
  bins: [],
  isPackingSmall: false,
  small: Buffer.allocUnsafeSlow(3 * 1024),
  types: false,
  tables: false,
  references: undefined,
  left: undefined,
  copies: [],
  position: 0,
  limit: 0,
  plain: { type: 0, id: 0, method: '', params: [], result: undefined },
};
