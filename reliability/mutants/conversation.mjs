// Implements MessagePack-RPC on one stream of plugin.mjs.
import { refusal } from './beyond.mjs';
import { Float, MessageReader, Raw, Reader, encode } from './values.mjs';

const MAX_UNFINISHED = 256 * 1024 * 1024;

/**
 * Decides which streams get credit for further bytes. While all unfinished messages together have 256 MiB or
 * more, only one stream gets credit, so that at least its message can be finished.
 */
export class Budget {
  conversations = new Set();
  favoured;
  constructor(breaks) {
    this.breaks = breaks;
  }
  mayTake(conversation) {
    if (this.breaks('holds-any-unfinished')) return true;
    let held = 0;
    for (const each of this.conversations) held += each.reader.held;
    if (held < MAX_UNFINISHED) return true;
    if (this.favoured === undefined || this.favoured.reader.held === 0) this.favoured = conversation;
    return this.favoured === conversation;
  }
  wake() {
    for (const each of this.conversations) each.pull();
  }
}

const codeOf = (fault) => (fault === 'too many levels' ? 'RPC_TOO_DEEP' : 'RPC_INVALID_VALUE');

export class Conversation {
  running = new Map();
  kinds = new Map();
  #asked = new Map();
  #nextId = 0;
  #isPulling = false;
  #hasEnded = false;

  /**
   * `find` is called with the name of a method, and returns its handler or an error. `session` is the
   * plugin's session.
   */
  constructor(stream, session, find) {
    this.stream = stream;
    this.session = session;
    this.breaks = session.breaks;
    this.find = find;
    this.reader = new MessageReader(session.breaks);
    session.budget.conversations.add(this);
    stream.onReadable = () => this.pull();
    stream.onDrain = () => this.pull();
    stream.onGone = () => this.#end();
  }

  pull() {
    if (this.#isPulling || this.#hasEnded) return;
    this.#isPulling = true;
    const { stream, session } = this;
    try {
      while (stream.hasBytes) {
        if (stream.isHeldUp && !this.breaks('takes-requests-without-end')) break;
        if (!session.budget.mayTake(this)) {
          if (this.breaks('resets-at-the-budget')) stream.reset();
          break;
        }
        if (this.breaks('blocks-for-a-message') && session.isWaitingFor(this)) break;
        this.reader.push(stream.read(64 * 1024), (bytes, fault) => this.#take(bytes, fault));
      }
    } catch (error) {
      if (this.breaks('ends-the-session-for-a-message')) session.leave(0);
      if (!this.breaks('ignores-broken-messages')) stream.reset();
      if (error.code !== undefined) throw error;
    } finally {
      this.#isPulling = false;
    }
    this.#finishIfDone();
  }

  #take(bytes, fault) {
    if (this.reader.held === 0 && this.session.budget.favoured === this) {
      this.session.budget.favoured = undefined;
      setImmediate(() => this.session.budget.wake());
    }
    const message = new Reader(bytes);
    const count = message.array();
    const kind = count > 0 ? message.value() : undefined;
    if (kind === 0 && (count === 4 || count === 5)) this.#call(message, count, fault, bytes);
    else if (kind === 1 && count === 4) this.#answered(message.value(), message.value());
    else if (kind === 2 && count === 3) this.#notified(message.value(), message.value());
    else if (kind === 0 && count > 5 && this.breaks('drops-long-requests')) return;
    else if (!this.breaks('takes-messages-of-any-kind')) throw new Error('no message');
  }

  #call(message, count, fault, bytes) {
    const { session, breaks } = this;
    const { at } = message;
    const id = message.value();
    if (message.at - at > 8 && breaks('knows-no-ids-of-8-bytes')) throw new Error('a long id');
    if (bytes[message.at] >= 0xda && breaks('knows-no-long-methods')) throw new Error('a long method');
    const method = message.value();
    if (this.running.has(id) && !breaks('takes-an-id-twice')) throw new Error('an id in use');
    const call = { id, kinds: new Map(this.kinds), abort: new AbortController(), conversation: this };
    this.running.set(id, call);
    session.running.add(call);
    const fail = (error) => this.#answer(call, this.#errorOf(error), null);
    if (fault !== undefined) return fail({ message: fault, code: codeOf(fault) });
    const params = [];
    for (let left = message.array(); left > 0; left--) {
      const from = message.at;
      const value = message.value();
      if (session.announces('types') || session.announces('refs')) {
        const reason = refusal(value, call.kinds, breaks);
        if (reason !== undefined) return fail({ message: reason, code: 'RPC_INVALID_VALUE' });
      }
      params.push({ value, bytes: new Raw(bytes.subarray(from, message.at)) });
    }
    const meta = count === 5 ? message.value() : undefined;
    const deadline = meta instanceof Map && meta.get('deadline');
    if (deadline !== undefined && deadline !== false && meta && !breaks('ignores-deadlines'))
      setTimeout(() => call.abort.abort(), Number(deadline)).unref();
    if (meta instanceof Map && meta.has('unknown') && breaks('refuses-unknown-keys-of-meta'))
      return fail({ message: 'an unknown key' });
    const handler = this.find(method, this);
    if (typeof handler !== 'function') return fail(handler);
    handler(params, (error, result) => this.#answer(call, error && this.#errorOf(error), result), call);
  }

  #errorOf({ message, code }) {
    const text =
      message === '' && !this.breaks('sends-empty-errors') ? 'an error without a message' : message;
    if (!this.session.hostHas('errors') || this.breaks('sends-errors-as-texts'))
      return this.breaks('sends-errors-as-maps-to-all') ? { name: 'Error', message: text } : text;
    const isWrong = this.breaks('sends-numbers-as-names');
    return {
      name: isWrong ? 5 : 'Error',
      message: text,
      ...(code === undefined || this.breaks('sends-no-codes') ? {} : { code }),
    };
  }

  #answer(call, error, result) {
    if (!this.session.running.delete(call)) return;
    const { breaks, stream } = this;
    this.running.delete(call.id);
    const id = breaks('answers-with-another-id') && stream.id > 5 ? call.id + 1 : call.id;
    const beside = breaks('sends-results-with-errors') ? 'a result' : null;
    const kind = breaks('writes-kinds-as-floats') ? new Float(1) : 1;
    const sentId = breaks('writes-ids-as-floats') ? new Float(id) : id;
    const message = encode([kind, sentId, error ?? null, error ? beside : result]);
    if (breaks('begins-messages-with-array16') && stream.id > 5)
      stream.write(Buffer.concat([Buffer.of(0xdc, 0, 4), message.subarray(1)]));
    else stream.write(message);
    if (breaks('answers-twice') && stream.id > 5) stream.write(message);
    // The second answer is sent just before the plugin answers the next ping. By then the conformance check
    // has received the first answer.
    if (breaks('answers-again-a-moment-later') && stream.id > 5)
      this.session.mux.beforePong = () => stream.write(message);
    this.session.settle();
    this.#finishIfDone();
  }

  /** Calls the host on this stream. */
  ask(method, params) {
    const id = this.#nextId++;
    const meta = this.breaks('sends-meta-to-all') ? [{ deadline: 1000 }] : [];
    this.stream.write(encode([0, id, method, params, ...meta]));
    return new Promise((resolve, reject) => {
      this.#asked.set(id, (error, result) =>
        error === null ? resolve(result) : reject(new Error('the call failed')),
      );
    });
  }

  notify(method, params) {
    this.stream.write(encode([2, method, params]));
  }

  #answered(id, error) {
    const settle = this.#asked.get(id);
    if (settle === undefined && this.breaks('resets-at-stray-answers')) throw new Error('a stray answer');
    this.#asked.delete(id);
    if (this.breaks('crashes-at-odd-errors') && error !== null && typeof error !== 'string') process.exit(3);
    settle?.(error);
  }

  #notified(method, params) {
    if (method === '$/cancel') {
      const call = this.running.get(params?.[0]);
      if (this.breaks('resets-at-late-cancels') && call === undefined) throw new Error('a late cancel');
      if (this.breaks('never-answers-the-cancelled') && call !== undefined) this.session.running.delete(call);
      if (!this.breaks('ignores-cancel')) call?.abort.abort();
    } else if (method === '$/drop') {
      if (!this.breaks('ignores-drop')) this.session.forget(params[0]);
    } else if (this.breaks('resets-at-unknown-notifications')) throw new Error('an unknown notification');
  }

  #finishIfDone() {
    const { stream } = this;
    if (this.#hasEnded || !stream.peerFinished || stream.hasBytes) return;
    if (this.running.size > 0 && !this.breaks('finishes-before-it-answers')) return;
    if (!this.breaks('never-finishes')) stream.finish();
    this.#end();
  }

  #end() {
    if (this.#hasEnded) return;
    if (this.running.size === 0) this.session.budget.conversations.delete(this);
    this.#hasEnded = this.running.size === 0 || this.stream.isGone;
    if (!this.#hasEnded) return;
    this.session.budget.conversations.delete(this);
    for (const call of this.running.values()) {
      call.abort.abort();
      this.session.running.delete(call);
    }
    this.session.settle();
    this.onEnd?.();
  }
}
