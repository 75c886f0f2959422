// A pipe that cuts, joins and delays chunks at random. It neither loses nor changes bytes.
import { Transform } from 'node:stream';

export class Rough extends Transform {
  #random;
  #step;
  #delay;

  /**
   * @param {{ random: object, step?: number, delay?: number }} options `step` is the maximum length of a
   * piece. `delay` is the probability that a chunk waits for a turn of the event loop.
   */
  constructor({
    random,
    step = random.pick([1, 7, 12, 13, 500, 70_000]),
    delay = random.pick([0, 0.1, 0.5]),
  }) {
    super({ highWaterMark: random.pick([1, 1_000, 65_536]) });
    this.#random = random;
    this.#step = step;
    this.#delay = delay;
  }

  _transform(chunk, _encoding, done) {
    const random = this.#random;
    // Small pieces are the hardest test of a decoder, and the slowest. So only the first 200 pieces of a
    // chunk have at most `step` bytes.
    for (let at = 0, cuts = 0; at < chunk.length; cuts++) {
      const length = cuts < 200 ? random.between(1, this.#step) : random.between(1, 70_000);
      this.push(Buffer.from(chunk.subarray(at, at + length)));
      at += length;
    }
    if (random.chance(this.#delay)) setImmediate(() => done());
    else done();
  }
}
