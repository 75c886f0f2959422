// Corrupts one direction of an honest conversation: changes whole frames, messages inside frames, or single
// bytes.
import { Transform } from 'node:stream';
import { DATA, FrameReader, frame } from './frames.mjs';
import { hostileFrames, hostileLine, mutateFrame } from './hostile-frames.mjs';
import { hostileMessage, mutateMessage } from './hostile-values.mjs';
import { spans } from './msgpack.mjs';

/**
 * Returns the probability of each kind of corruption. `honest` is the number of frames that pass unchanged at
 * first, so that the conversation begins before the corruption.
 */
export function attackOf(random) {
  const rate = random.pick([0.02, 0.1, 0.5]);
  const kind = random.pick([
    'line',
    'frames',
    'frames',
    'messages',
    'messages',
    'messages',
    'injected',
    'injected',
    'blind',
    'all',
  ]);
  const when = (...kinds) => (kinds.includes(kind) || kind === 'all' ? rate : 0);
  return {
    kind,
    honest: random.pick([0, 3, 8, 20]),
    line: kind === 'line' ? 1 : 0,
    frames: when('frames'),
    messages: when('messages'),
    injectedFrames: when('frames', 'injected') / 2,
    injectedMessages: when('injected'),
    blind: when('blind'),
    rechunk: random.chance(0.5),
  };
}

export class Saboteur extends Transform {
  #random;
  #attack;
  #line;
  #seen = 0;
  #ids = new Set([1, 3, 5]);
  #reader = new FrameReader((one) => this.#pass(one));
  #lie;

  /**
   * @param {{ random: object, attack: ReturnType<typeof attackOf>, line: boolean, lie?: (random: object, ids: number[]) => Buffer }} options
   * `line` is true if the bytes begin with a handshake line. `lie` makes the frames of an injected message.
   * Without `lie`, any hostile message on any stream is injected.
   */
  constructor({ random, attack, line, lie }) {
    super();
    this.#lie = lie ?? ((r, ids) => frame({ type: DATA, id: r.pick(ids), payload: hostileMessage(r) }));
    this.#random = random;
    this.#attack = attack;
    this.#line = line ? '' : undefined;
  }

  /** The number of frames received so far, for reports. */
  get seen() {
    return this.#seen;
  }

  _transform(chunk, _encoding, done) {
    if (this.#line === undefined) this.#reader.push(chunk);
    else this.#greet(chunk);
    done();
  }

  #greet(chunk) {
    const text = this.#line + chunk.toString('latin1');
    const end = text.indexOf('\n') + 1;
    if (end === 0) {
      this.#line = text;
      return;
    }
    this.#line = undefined;
    const honest = text.slice(0, end);
    this.#send(
      this.#random.chance(this.#attack.line)
        ? hostileLine(this.#random, honest)
        : Buffer.from(honest, 'latin1'),
    );
    this.#reader.push(Buffer.from(text.slice(end), 'latin1'));
  }

  #pass(one) {
    const random = this.#random;
    const attack = this.#attack;
    this.#seen++;
    if (one.id !== 0) this.#ids.add(one.id);
    const ids = [...this.#ids].slice(-8);
    if (this.#seen <= attack.honest) {
      this.#send(frame(one));
      return;
    }
    if (random.chance(attack.injectedFrames)) this.#send(hostileFrames(random, ids));
    if (random.chance(attack.injectedMessages)) this.#send(this.#lie(random, ids));
    if (one.type === DATA && one.payload.length > 0 && random.chance(attack.messages)) {
      this.#send(frame({ ...one, length: undefined, payload: this.#spoil(one.payload) }));
      return;
    }
    this.#send(random.chance(attack.frames) ? mutateFrame(random, one) : frame(one));
  }

  /**
   * Corrupts the first message of a frame's payload. A broker id before the message stays unchanged. If the
   * payload holds no whole message, corrupts all its bytes after the broker id.
   */
  #spoil(payload) {
    const start = payload.length > 4 && payload[0] === 0 ? 4 : 0;
    const whole = spans(payload.subarray(start))[0];
    const end = whole ? start + whole.end : payload.length;
    const message = mutateMessage(this.#random, payload.subarray(start, end));
    return Buffer.concat([payload.subarray(0, start), message, payload.subarray(end)]);
  }

  #send(bytes) {
    const random = this.#random;
    if (random.chance(this.#attack.blind) && bytes.length > 0) {
      bytes = Buffer.from(bytes);
      bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    }
    if (!this.#attack.rechunk) {
      this.push(bytes);
      return;
    }
    for (let at = 0; at < bytes.length;) {
      const end = at + random.between(1, random.pick([1, 11, 13, 70_000]));
      this.push(bytes.subarray(at, end));
      at = end;
    }
  }
}
