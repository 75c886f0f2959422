// Implements yamux for plugin.mjs, without code of pipework. `breaks(name)` is true if the plugin has the
// breach `name`.
import { ACK, DATA, FIN, GO_AWAY, INITIAL_WINDOW, PING, RST, SYN, WINDOW, frame } from '../lib/frames.mjs';

const HEADER = 12;
const LARGEST = 64 * 1024;

export class Stream {
  credit = INITIAL_WINDOW;
  window = INITIAL_WINDOW;
  #mux;
  #waiting = [];
  #received = [];
  #owed = 0;
  #isFinishing = false;
  #isStuck = false;
  hasFinished = false;
  peerFinished = false;
  isGone = false;
  onReadable = () => {};
  onDrain = () => {};
  onGone = () => {};

  constructor(mux, id) {
    this.#mux = mux;
    this.id = id;
  }

  /** True if there are bytes that wait for credit. */
  get isHeldUp() {
    return this.#waiting.length > 0;
  }

  get hasBytes() {
    return this.#received.length > 0;
  }

  /** Writes bytes. Calls `sent` when the last of the bytes has been sent. */
  write(bytes, sent = () => {}) {
    if (this.isGone) return;
    this.#waiting.push({ bytes, sent });
    this.flush();
  }

  flush() {
    const { breaks } = this.#mux;
    while (this.#waiting.length > 0) {
      const [first] = this.#waiting;
      const limit = breaks('overruns-the-window') ? Infinity : this.credit;
      if (limit <= 0 && first.bytes.length > 0) {
        this.#isStuck = true;
        break;
      }
      const size = Math.min(first.bytes.length, limit, breaks('sends-long-frames') ? Infinity : LARGEST);
      if (size > 0) this.#mux.send({ type: DATA, id: this.id, payload: first.bytes.subarray(0, size) });
      this.credit -= size;
      first.bytes = first.bytes.subarray(size);
      if (first.bytes.length > 0) continue;
      this.#waiting.shift();
      first.sent();
    }
    if (this.#isFinishing && !this.hasFinished && this.#waiting.length === 0) this.#finishNow();
    if (!this.#isStuck || this.isHeldUp) return;
    this.#isStuck = false;
    this.onDrain();
  }

  /** Drops the bytes that wait for credit. */
  drop() {
    for (const { sent } of this.#waiting.splice(0)) sent();
  }

  finish() {
    this.#isFinishing = true;
    this.flush();
  }

  #finishNow() {
    this.hasFinished = true;
    this.#mux.send({ type: WINDOW, flags: FIN, id: this.id });
    if (this.#mux.breaks('sends-data-behind-fin') && this.id > 5)
      this.#mux.send({ type: DATA, id: this.id, payload: Buffer.from([0xc0]) });
    this.#mux.forgetDone(this);
  }

  reset() {
    if (this.isGone) return;
    this.#mux.send({ type: WINDOW, flags: RST, id: this.id });
    this.end();
  }

  end() {
    this.isGone = true;
    this.#mux.streams.delete(this.id);
    this.#waiting = [];
    this.#received = [];
    this.onGone();
  }

  receive(payload) {
    this.window -= payload.length;
    if (payload.length > 0) this.#received.push(payload);
    if (this.#mux.breaks('grants-credit-on-arrival')) this.#grant(payload.length);
    this.onReadable();
  }

  /** Returns at most `most` of the bytes that have arrived, and grants credit for them. */
  read(most = Infinity) {
    const [first = Buffer.alloc(0), ...rest] = this.#received;
    const bytes = first.subarray(0, most);
    this.#received = bytes.length < first.length ? [first.subarray(most), ...rest] : rest;
    if (!this.#mux.breaks('grants-credit-on-arrival')) this.#grant(bytes.length);
    return bytes;
  }

  #grant(size) {
    if (this.#mux.breaks('grants-no-credit')) return;
    this.#owed += size;
    if (this.#owed < INITIAL_WINDOW / 2 || this.peerFinished || this.isGone) return;
    this.#mux.send({ type: WINDOW, id: this.id, length: this.#owed });
    this.window += this.#owed;
    this.#owed = 0;
  }
}

export class Mux {
  streams = new Map();
  #write;
  #held = Buffer.alloc(0);
  #isOver = false;
  #nextId = 2;
  onStream = () => {};
  /** Called when the peer breaks the protocol, or sends a go-away with the code of an error. */
  onOver = () => {};

  constructor(write, breaks) {
    this.#write = write;
    this.breaks = breaks;
  }

  send(parts) {
    if (!this.#isOver) this.#write(frame(parts));
  }

  open(first) {
    const stream = new Stream(this, this.#nextId);
    this.#nextId += 2;
    this.streams.set(stream.id, stream);
    this.send({ type: DATA, flags: SYN, id: stream.id, payload: first });
    return stream;
  }

  feed(chunk) {
    if (this.breaks('takes-headers-whole') && chunk.length < HEADER) return;
    if (this.breaks('takes-a-frame-of-each-read')) this.#held = Buffer.alloc(0);
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= HEADER && !this.#isOver) {
      const header = {
        version: this.#held[0],
        type: this.#held[1],
        flags: this.#held.readUInt16BE(2),
        id: this.#held.readUInt32BE(4),
        length: this.#held.readUInt32BE(8),
      };
      const fault = this.#faultOf(header);
      if (fault !== undefined) return this.#fail();
      const end = HEADER + (header.type === DATA ? header.length : 0);
      if (this.#held.length < end) return;
      const payload = this.#held.subarray(HEADER, end);
      this.#held = this.#held.subarray(end);
      this.#take(header, payload);
      if (this.breaks('takes-a-frame-of-each-read') && header.type === DATA) return;
    }
  }

  #fail() {
    this.send({ type: GO_AWAY, length: this.breaks('says-internal-error') ? 2 : 1 });
    this.#isOver = true;
    this.onOver();
  }

  /** Returns the rule that a header breaks; undefined if it breaks none. */
  #faultOf({ version, type, flags, id, length }) {
    const { breaks } = this;
    if (version !== 0 && !breaks('takes-any-version')) return 'version';
    if (flags > 15 && breaks('ends-at-unknown-flags')) return 'flags';
    if ((flags & (SYN | RST)) === (SYN | RST) && breaks('ends-at-syn-with-rst')) return 'SYN with RST';
    if (type > GO_AWAY) return breaks('takes-any-type') ? undefined : 'type';
    if (type !== DATA && type !== WINDOW) return undefined;
    if (flags & SYN && id % 2 === 0 && !breaks('takes-even-ids')) return 'an even id';
    if (flags & SYN && this.streams.has(id) && !breaks('takes-syn-twice')) return 'SYN twice';
    if (type === WINDOW) return undefined;
    if (length > LARGEST && breaks('refuses-frames-beyond-64-kib')) return 'a long frame';
    if (length === 0 && breaks('ends-at-empty-frames')) return 'an empty frame';
    const stream = this.streams.get(id);
    if (stream === undefined || flags & SYN)
      return length > INITIAL_WINDOW && !breaks('waits-for-any-claim') ? 'a claim' : undefined;
    return length > stream.window && !breaks('takes-beyond-the-window') ? 'the window' : undefined;
  }

  /** A function that a breach may set. It is called once, just before the plugin answers the next ping. */
  beforePong;

  #take({ type, flags, id, length }, payload) {
    if (type === PING) {
      this.beforePong?.();
      this.beforePong = undefined;
      if (flags & SYN && !this.breaks('ignores-pings'))
        this.send({ type: PING, flags: ACK, length: this.breaks('answers-pings-with-0') ? 0 : length });
      return;
    }
    if (type === GO_AWAY) {
      if (length !== 0 && !this.breaks('ignores-go-away')) this.onOver();
      if (length === 0 && this.breaks('leaves-at-go-away-0')) this.onOver();
      return;
    }
    if (type > GO_AWAY) return;
    let stream = this.streams.get(id);
    if (flags & SYN && stream === undefined) {
      stream = new Stream(this, id);
      if (this.breaks('serves-100-streams') && this.streams.size >= 100) return stream.reset();
      this.streams.set(id, stream);
      const acks = this.breaks('acknowledges-twice') ? 2 : this.breaks('never-acknowledges') ? 0 : 1;
      const isMissed = this.breaks('acknowledges-three-streams') && id > 5;
      for (let i = 0; i < acks && !isMissed; i++) this.send({ type: WINDOW, flags: ACK, id });
      this.onStream(stream);
    }
    if (stream === undefined) {
      if (this.breaks('ends-at-unknown-streams')) this.#fail();
      return;
    }
    const isIgnored = this.breaks('ignores-credit') || (this.breaks('ignores-credit-of-syn') && flags & SYN);
    if (type === WINDOW && !isIgnored) stream.credit += length;
    if (flags & RST && this.breaks('ends-at-a-reset')) this.#fail();
    const isReset = flags & RST && !(flags & SYN && this.breaks('ignores-rst-with-syn'));
    if (isReset) return stream.end();
    if (flags & FIN) stream.peerFinished = true;
    if (type === WINDOW) {
      stream.flush();
      stream.onReadable();
    } else if (this.breaks('drops-the-payload-of-syn') && flags & SYN) stream.onReadable();
    else stream.receive(payload);
    this.forgetDone(stream);
  }

  forgetDone(stream) {
    if (stream.hasFinished && stream.peerFinished) this.streams.delete(stream.id);
  }
}
