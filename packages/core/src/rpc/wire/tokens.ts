/** The layouts of MessagePack values. The index in each table is a value's first byte, its token. */

/** The length of a value's header: the first byte, and the length or type that follows it. */
export const headerBytes: Uint8Array = new Uint8Array(256).fill(1);
/** The length of the fixed payload after the header. */
export const payloadBytes: Uint8Array = new Uint8Array(256);
for (let token = 0xa0; token < 0xc0; token++) payloadBytes[token] = token & 31;
for (const [token, header, payload] of [
  [0xc4, 2, 0],
  [0xc5, 3, 0],
  [0xc6, 5, 0],
  [0xc7, 3, 0],
  [0xc8, 4, 0],
  [0xc9, 6, 0], // bin, ext
  [0xca, 1, 4],
  [0xcb, 1, 8], // float
  [0xcc, 1, 1],
  [0xcd, 1, 2],
  [0xce, 1, 4],
  [0xcf, 1, 8],
  [0xd0, 1, 1],
  [0xd1, 1, 2],
  [0xd2, 1, 4],
  [0xd3, 1, 8], // integer
  [0xd4, 2, 1],
  [0xd5, 2, 2],
  [0xd6, 2, 4],
  [0xd7, 2, 8],
  [0xd8, 2, 16], // fixext
  [0xd9, 2, 0],
  [0xda, 3, 0],
  [0xdb, 5, 0],
  [0xdc, 3, 0],
  [0xdd, 5, 0],
  [0xde, 3, 0],
  [0xdf, 5, 0], // str, array, map
] as const) {
  headerBytes[token] = header;
  payloadBytes[token] = payload;
}

/** How many bytes after the first byte hold the payload's length; 0 if there is no such length. */
export const sizeBytes: Uint8Array = new Uint8Array(256);
for (const token of [0xc4, 0xc7, 0xd9]) sizeBytes.set([1, 2, 4], token);
/**
 * The total length of a value, if the first byte determines it: fixstr, nil, booleans and numbers. For all
 * other values this is 0.
 */
export const wholeBytes: Uint8Array = new Uint8Array(256);
for (let token = 0xa0; token < 0xd4; token++) {
  const isWhole = token !== 0xc1 && headerBytes[token] === 1;
  if (isWhole) wholeBytes[token] = 1 + payloadBytes[token]!;
}
