// Writes and reads frames on a pipe. A frame is a u32 length and then the body. The floor uses only this
// layer. Small frames are collected one after another in a block of memory. The first frame of a turn of the
// event loop is sent immediately, unless the turn before had several frames. The other frames are sent in one
// write when the turn ends. After a block was sent, its memory is used again. The mux of pipework writes its
// frames in the same way.

const HEADER = 4;
const LARGE = 32 * 1024;
const BLOCK = 64 * 1024;

export class FrameWriter {
  #out;
  #block = Buffer.alloc(0);
  /** Bytes [#from, #to) of the block are not written yet. */
  #from = 0;
  #to = 0;
  #turnBegun = false;
  #isBusy = false;
  #endTurn = () => {
    this.#turnBegun = false;
    this.#flush();
  };

  constructor(out) {
    this.#out = out;
  }

  write(body) {
    if (body.length >= LARGE) this.#writeLarge(body);
    else this.#writeSmall(body, 0);
  }

  /** Writes a body that consists of the byte `tag` and then `rest`. A large `rest` is not copied. */
  writeTagged(tag, rest) {
    if (rest.length >= LARGE) this.#writeLarge(rest, 1, tag);
    else this.#writeSmall(rest, 1, tag);
  }

  #writeLarge(body, tagBytes = 0, tag = 0) {
    this.#flush();
    const header = Buffer.allocUnsafe(HEADER + tagBytes);
    header.writeUInt32BE(tagBytes + body.length, 0);
    if (tagBytes > 0) header[HEADER] = tag;
    this.#out.cork();
    this.#out.write(header);
    this.#out.write(body);
    this.#out.uncork();
  }

  #writeSmall(body, tagBytes, tag = 0) {
    const { length } = body;
    if (this.#to + HEADER + tagBytes + length > this.#block.length) {
      this.#flush();
      this.#block = Buffer.allocUnsafeSlow(BLOCK);
      this.#from = this.#to = 0;
    }
    const block = this.#block;
    let at = block.writeUInt32BE(tagBytes + length, this.#to);
    if (tagBytes > 0) block[at++] = tag;
    if (length > 64) block.set(body, at);
    else for (let i = 0; i < length; i++) block[at + i] = body[i];
    this.#to = at + length;
    if (this.#turnBegun) {
      this.#isBusy = true;
      return;
    }
    this.#turnBegun = true;
    setImmediate(this.#endTurn);
    if (!this.#isBusy) this.#flush();
    this.#isBusy = false;
  }

  #flush() {
    if (this.#from === this.#to) return;
    const waiting = this.#block.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#out.write(waiting);
    if (this.#out.writableLength === 0) this.#from = this.#to = 0;
  }
}

/** Calls `onBody` with each whole body. A body that is within one chunk is a view of that chunk. */
export function readFrames(readable, onBody) {
  const header = Buffer.alloc(HEADER);
  let headerFilled = 0;
  let body; // a body that spans chunks
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
