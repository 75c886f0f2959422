// The eight kinds of bodies of the floor: what the first byte means, and how small bodies are written.

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
