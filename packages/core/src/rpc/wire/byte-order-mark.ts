/**
 * Keeps U+FEFF at the start of a text, because U+FEFF is an ordinary character there. The TextDecoder of
 * msgpackr would drop it as a byte order mark from texts of more than 64 bytes.
 */
import { headerBytes, payloadBytes, sizeBytes } from './tokens.ts';

/** msgpackr uses its TextDecoder for texts of more than this many bytes. */
export const markedTextBytes: number = 64;

/** Returns true if a text begins with U+FEFF, or if its first three bytes are not all in this chunk. */
export function hasMark(chunk: Uint8Array, at: number, end: number): boolean {
  return at + 3 > end || (chunk[at] === 0xef && chunk[at + 1] === 0xbb && chunk[at + 2] === 0xbf);
}

/**
 * Returns a copy of a whole message that the scanner has accepted. In the copy, each text of more than 64
 * bytes that begins with U+FEFF has a second U+FEFF, which msgpackr drops.
 */
export function doubleMarks(source: Uint8Array, start: number, end: number): Buffer {
  // A text of more than 64 bytes takes at least 67 bytes in the message. In the copy, the text's header may
  // take three more bytes, and the second U+FEFF takes three.
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
