// Manages the broker ids of plugin.mjs. Each stream after the first three begins with a broker id.
const PATIENCE = 5_000;
const DISPENSED = 30_000;
const MOST = 256;

export class Broker {
  #breaks;
  #hand;
  #nextId = 1;
  #owners = new Map();
  #held = new Map();
  #unaccepted = new Set();
  /** The used ids that `offer` returns again. Only the breach `hands-out-ids-again` fills this list. */
  #free = [];

  constructor(breaks, hand) {
    this.#breaks = breaks;
    this.#hand = hand;
    if (breaks('numbers-from-100')) this.#nextId = 100;
  }

  /**
   * Returns a new broker id. When the host opens a stream that begins with this id, `owner` gets the stream.
   * If `expires` is true, the id becomes invalid after `DISPENSED` ms.
   */
  offer(owner, expires) {
    const id = this.#free.pop() ?? this.#nextId;
    if (!this.#breaks('hands-out-one-id') && id === this.#nextId) this.#nextId++;
    this.#owners.set(id, owner);
    const after = this.#breaks('forgets-dispensed-ids-early') ? 10_000 : DISPENSED;
    if (expires && !this.#breaks('keeps-dispensed-ids'))
      setTimeout(() => this.#owners.delete(id), after).unref();
    const held = this.#held.get(id);
    if (held !== undefined) setImmediate(() => this.#give(held, id));
    return id;
  }

  forget(id) {
    this.#owners.delete(id);
  }

  /**
   * Reads the broker id at the beginning of a new stream. If `offer` has not returned this id yet, holds the
   * stream for `PATIENCE` ms at most.
   */
  take(stream) {
    const most = this.#breaks('holds-100-streams') ? 100 : MOST;
    if (this.#unaccepted.size >= most && !this.#breaks('holds-streams-without-end')) return stream.reset();
    this.#unaccepted.add(stream);
    const forget = () => {
      clearTimeout(timer);
      this.#unaccepted.delete(stream);
    };
    const patience = this.#breaks('holds-streams-for-a-second') ? 1_000 : PATIENCE;
    const timer = setTimeout(() => {
      forget();
      const isSilent = id.length < 4;
      if (!this.#breaks(isSilent ? 'waits-for-ids-without-end' : 'holds-unknown-ids-without-end'))
        stream.reset();
    }, patience);
    let id = Buffer.alloc(0);
    stream.onGone = forget;
    stream.onReadable = () => {
      if (id.length >= 4) return;
      const part = stream.read(4 - id.length);
      if (this.#breaks('takes-ids-whole') && part.length > 0 && part.length < 4) return stream.reset();
      id = Buffer.concat([id, part]);
      if (id.length < 4) return;
      const number = id.readUInt32BE(0);
      stream.forget = forget;
      if (this.#owners.has(number)) this.#give(stream, number);
      else if (this.#breaks('refuses-unknown-ids-at-once')) stream.reset();
      else this.#held.set(number, stream);
    };
    return undefined;
  }

  #give(stream, id) {
    const owner = this.#owners.get(id);
    if (owner === undefined || stream.isGone) return;
    if (!this.#breaks('takes-an-id-again')) this.#owners.delete(id);
    this.#held.delete(id);
    stream.forget();
    if (this.#breaks('hands-out-ids-again')) this.#free.push(id);
    this.#hand(stream, owner);
    stream.onReadable();
  }
}
