/**
 * What the codec keeps for every message, so that a small one allocates nothing of it.
 *
 * **The rule of re-entrancy.** What stands here is used up before any other code runs: a handler, the peer at the other end of a pipe in
 * memory, a getter, a proxy. The walk reads all values of the user before their message is packed, and what a message was read into is
 * taken out before it is acted on. There is one exception: the values of a small message are read while it is packed. `isPackingSmall`
 * is true then, and a message that a getter begins goes to the general path unread. `left` and `copies` are taken into variables before
 * a getter can run.
 */

/** Where in the packed message the bytes of a LargeBin belong. */
export interface Gap {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** What the reader of small messages has read. */
export interface PlainMessage {
  type: number;
  id: number;
  method: string;
  /** The params of a request. */
  params: unknown[];
  /** The result of a response that is no failure. */
  result: unknown;
}

interface Scratch {
  // Of messages that are packed on the general path.
  /** Messages are packed here, and copied into the mux's output. A larger one gets a buffer that is dropped again. */
  readonly slab: Buffer;
  /** The bytes that were left out of the packed message. */
  gaps: Gap[];

  // Of messages that are read on the general path.
  /** Where in its chunk the message lies. */
  readonly range: { start: number; end: number };
  /** Its large bins, which are apart from it. */
  bins: readonly Uint8Array[];

  // Of small messages that are packed. What the peer takes is that of the conversation whose message it is.
  isPackingSmall: boolean;
  /** A small message, with room behind its limit for the text that begins before it. */
  readonly small: Buffer;
  types: boolean;
  tables: boolean;
  references: { standsApart(record: object): boolean } | undefined;
  /** What is left of a message that is not plain: of its innermost value first, then of what holds it. */
  left: unknown;
  /** In turn, each object and list in it that is a copy, and the user's own. */
  copies: readonly object[];

  // Of small messages that are read, or read back.
  /** Where the reading is. It is behind `limit` once the reader met a value that is not plain, or the end. */
  position: number;
  limit: number;
  /** The one that was read last. */
  readonly plain: PlainMessage;
}

export const scratch: Scratch = {
  // msgpackr wants room to spare: this is four times what 1,000 records take.
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
