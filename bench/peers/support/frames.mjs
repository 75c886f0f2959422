// Length-prefixed frames over a pipe: u32 length, then the body. The floor is this and nothing else.
// Writing: the first frame of a turn at once, the others together in one write at the turn's end.

const HEADER = 4;
const LARGE = 32 * 1024;

export class FrameWriter {
  #out;
  #pending = [];
  #turnBegun = false;
  #endTurn = () => {
    this.#turnBegun = false;
    this.#flush();
  };

  constructor(out) {
    this.#out = out;
  }

  write(body) {
    if (body.length >= LARGE) return this.#writeLarge(body);
    const frame = Buffer.allocUnsafe(HEADER + body.length);
    frame.writeUInt32BE(body.length, 0);
    frame.set(body, HEADER);
    this.#writeSmall(frame);
  }

  /** A body that is one byte and then `rest`; a large rest is not copied. */
  writeTagged(tag, rest) {
    if (rest.length >= LARGE) return this.#writeLarge(rest, tag);
    const frame = Buffer.allocUnsafe(HEADER + 1 + rest.length);
    frame.writeUInt32BE(1 + rest.length, 0);
    frame[HEADER] = tag;
    frame.set(rest, HEADER + 1);
    this.#writeSmall(frame);
  }

  #writeLarge(body, tag) {
    this.#flush();
    const header = Buffer.allocUnsafe(tag === undefined ? HEADER : HEADER + 1);
    header.writeUInt32BE(header.length - HEADER + body.length, 0);
    if (tag !== undefined) header[HEADER] = tag;
    this.#out.cork();
    this.#out.write(header);
    this.#out.write(body);
    this.#out.uncork();
  }

  #writeSmall(frame) {
    if (this.#turnBegun) {
      this.#pending.push(frame);
      return;
    }
    this.#turnBegun = true;
    setImmediate(this.#endTurn);
    this.#out.write(frame);
  }

  #flush() {
    if (this.#pending.length === 0) return;
    const all = this.#pending.length === 1 ? this.#pending[0] : Buffer.concat(this.#pending);
    this.#pending = [];
    this.#out.write(all);
  }
}

/** Calls `onBody` with each whole body; a small one is a view of the chunk it came in. */
export function readFrames(readable, onBody) {
  const header = Buffer.alloc(HEADER);
  let headerFilled = 0;
  let body; // one that spans chunks
  let filled = 0;
  readable.on('data', (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (body !== undefined) {
        const take = Math.min(body.length - filled, chunk.length - at);
        chunk.copy(body, filled, at, at + take);
        filled += take;
        at += take;
        if (filled < body.length) return;
        const whole = body;
        body = undefined;
        onBody(whole);
        continue;
      }
      let length;
      if (headerFilled === 0 && chunk.length - at >= HEADER) {
        length = chunk.readUInt32BE(at);
        at += HEADER;
      } else {
        const take = Math.min(HEADER - headerFilled, chunk.length - at);
        chunk.copy(header, headerFilled, at, at + take);
        headerFilled += take;
        at += take;
        if (headerFilled < HEADER) return;
        headerFilled = 0;
        length = header.readUInt32BE(0);
      }
      if (chunk.length - at >= length) {
        onBody(chunk.subarray(at, at + length));
        at += length;
      } else {
        body = Buffer.allocUnsafeSlow(length);
        filled = 0;
      }
    }
  });
}
