/**
 * U+FEFF at the head of a text is a character like any other, and msgpackr drops it from the longer ones: its TextDecoder takes it for
 * a mark of byte order.
 */
import { headerBytes, payloadBytes, sizeBytes } from './tokens.ts';

/** Longer texts go through msgpackr's TextDecoder. */
export const markedTextBytes: number = 64;

/** Whether a text may begin with U+FEFF: also where a split hides it. */
export function hasMark(chunk: Uint8Array, at: number, end: number): boolean {
  return at + 3 > end || (chunk[at] === 0xef && chunk[at + 1] === 0xbb && chunk[at + 2] === 0xbf);
}

/**
 * A copy of a whole message that the scanner has let through, in which each longer text that begins with U+FEFF begins with two.
 */
export function doubleMarks(source: Uint8Array, start: number, end: number): Buffer {
  // A text grows by its longer header and three bytes at most, and has 67 at least.
  const copy = Buffer.allocUnsafeSlow(end - start + 6 * Math.ceil((end - start) / 67));
  const message = Buffer.from(source.buffer, source.byteOffset + start, end - start);
  let copied = 0;
  let to = 0;
  for (let at = 0; at < message.length;) {
    const token = message[at]!;
    const sized = sizeBytes[token]!;
    const payload = sized === 0 ? payloadBytes[token]! : message.readUIntBE(at + 1, sized);
    const next = at + headerBytes[token]!;
    if (token >= 0xd9 && payload > markedTextBytes && hasMark(message, next, message.length)) {
      to += message.copy(copy, to, copied, at);
      to = copy.writeUInt32BE(payload + 3, copy.writeUInt8(0xdb, to));
      to += message.copy(copy, to, next, next + 3);
      copied = next;
    }
    at = next + payload;
  }
  to += message.copy(copy, to, copied);
  return copy.subarray(0, to);
}
