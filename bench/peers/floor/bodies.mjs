// The eight kinds of bodies that the floor sends, with the first byte of each, and the function that makes
// small bodies.

export const ECHO = 0;
export const RUN_STREAM = 1;
export const RUN_CALLBACKS = 2;
export const ITEM = 3;
export const CALLBACK = 4;
export const DONE = 5;
export const RUN_CHUNKS = 6;
export const CHUNK = 7;

/** How many bytes a tiny call has in MessagePack: `[0, id, "Plugin.add", [a, b]]`. */
const SMALL = 24;
/** How many bytes an item of a stream has. */
const ITEM_SIZE = 28;

export function order(op, value) {
  const body = Buffer.allocUnsafe(op === ITEM ? ITEM_SIZE : SMALL);
  body[0] = op;
  body.writeUInt32BE(value, 1);
  return body;
}
