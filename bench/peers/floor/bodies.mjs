// The floor sends frames. A frame has a length and a body, and the first byte of the body is its kind. This
// file has the eight kinds, and a function that makes small bodies.

export const ECHO = 0;
export const RUN_STREAM = 1;
export const RUN_CALLBACKS = 2;
export const ITEM = 3;
export const CALLBACK = 4;
export const DONE = 5;
export const RUN_CHUNKS = 6;
export const CHUNK = 7;

/**
 * The size of a small body, in bytes. A call `[0, id, "Plugin.add", [a, b]]` has this size in MessagePack.
 */
const SMALL = 24;
/** The size of the body of a stream item, in bytes. */
const ITEM_SIZE = 28;

export function order(op, value) {
  const body = Buffer.allocUnsafe(op === ITEM ? ITEM_SIZE : SMALL);
  body[0] = op;
  body.writeUInt32BE(value, 1);
  return body;
}
