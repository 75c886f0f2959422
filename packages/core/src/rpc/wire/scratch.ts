/**
 * Memory that the codec reuses for every message, so that a small message allocates nothing.
 *
 * **The rule of re-entrancy.** Whatever is stored here must be used up before any other code runs. Such code
 * is a handler, a getter, a proxy, or the peer at the other end of a pipe in memory. The walk reads all
 * values of the user before their message is packed. Values that were read from a message are taken out of
 * here before this side acts on the message. There is one exception: the values of a small message are read
 * while the message is packed. `isPackingSmall` is true then. If a getter begins another message meanwhile,
 * that message takes the general path, and none of its values is read here. `left` and `copies` are copied
 * into variables before a getter can run.
 */

/** Where in the packed message the bytes of a LargeBin belong. */
export interface Gap {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The content that the reader of small messages has read. */
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
   * The buffer in which messages are packed before they are copied into the mux's output. A larger message
   * gets a buffer that is dropped afterwards.
   */
  readonly slab: Buffer;
  /** The gaps in the packed message, for bytes that were left out of it. */
  gaps: Gap[];

  // For messages that are read on the general path.
  /** The message's place in its chunk. */
  readonly range: { start: number; end: number };
  /** The message's large bins, which are kept apart from it. */
  bins: readonly Uint8Array[];

  // For small messages that are packed. `types`, `tables` and `references` say what the peer of the message's
  // conversation accepts.
  isPackingSmall: boolean;
  /**
   * The small message that is being packed. The buffer is longer than its limit, so that a text that begins
   * before the limit fits.
   */
  readonly small: Buffer;
  types: boolean;
  tables: boolean;
  references: { standsApart(record: object): boolean } | undefined;
  /**
   * The value that the general path must send, because its message is not plain. While the writer gives up,
   * this is first the innermost value that is not plain, and then each value around it in turn.
   */
  left: unknown;
  /** Pairs in one flat list: an object or list in `left` that is a copy, then the user's original. */
  copies: readonly object[];

  // For small messages that are read, or read back.
  /**
   * The reading position. The position is beyond `limit` once the reader has met the end, or a value that is
   * not plain.
   */
  position: number;
  limit: number;
  /** The message that was read last. */
  readonly plain: PlainMessage;
}

export const scratch: Scratch = {
  // msgpackr needs spare room. This is four times what 1,000 records take.
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
