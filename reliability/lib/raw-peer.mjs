// A peer that writes bytes without pipework. It keeps the rules of the handshake, yamux and RPC, until a test
// makes it break a rule.
import {
  ACK,
  DATA,
  FIN,
  FrameReader,
  GO_AWAY,
  PING,
  RST,
  SYN,
  WINDOW,
  data,
  ping,
  windowUpdate,
} from './frames.mjs';
import { decode, encode, EndOfValue } from './msgpack.mjs';

const CONTROL = 1;
const OUTPUTS = [3, 5];

/**
 * One end of a session. `onMessage(streamId, message)` is called with each RPC message. `onFrame(frame)` is
 * called before each frame is handled. If `onFrame` returns false, the frame is skipped. Credit for data is
 * sent as soon as the data arrives.
 */
export class RawPeer {
  #writable;
  #streams = new Map();
  onMessage = () => {};
  onFrame = () => true;
  /** Called once, after the other side's last byte. */
  onEnd = () => {};

  constructor({ readable, writable }) {
    this.#writable = writable;
    writable.on('error', () => {}); // The victim may close the connection, which is allowed.
    const reader = new FrameReader((frame) => this.#take(frame));
    this.feed = (chunk) => reader.push(chunk);
    readable.on('data', (chunk) => this.feed(chunk));
    readable.on('error', () => {});
    readable.once('close', () => this.onEnd());
  }

  /** Sends bytes unchanged. Returns false if the pipe is full. */
  send(bytes) {
    return this.#writable.writable ? this.#writable.write(bytes) : false;
  }

  /**
   * Sends a whole message, in frames of at most 64 KiB. This function does not wait for credit. A test that
   * must respect the window counts the bytes itself.
   */
  message(id, value, flags = 0) {
    const bytes = Buffer.isBuffer(value) ? value : encode(value);
    for (let at = 0; at === 0 || at < bytes.length; at += 65_536) {
      this.send(data(id, bytes.subarray(at, at + 65_536), at === 0 ? flags : 0));
    }
  }

  open(id, payload = Buffer.alloc(0)) {
    this.send(data(id, payload, SYN));
    this.#streams.set(id, { rest: Buffer.alloc(0), end: new EndOfValue(), expectsId: false });
  }

  #take(frame) {
    if (!this.onFrame(frame)) return;
    const { type, flags, id, length, payload } = frame;
    if (type === PING && flags & SYN) this.send(ping(length, ACK));
    if (type === PING || type === GO_AWAY) return;
    if (flags & SYN) {
      this.#streams.set(id, { rest: Buffer.alloc(0), end: new EndOfValue(), expectsId: id > OUTPUTS[1] });
      this.send(windowUpdate(id, 0, ACK));
    }
    const stream = this.#streams.get(id);
    if (stream && type === DATA && length > 0) this.#read(id, stream, payload);
    if (flags & (FIN | RST)) this.#streams.delete(id);
    if (type === WINDOW) return;
    if (length > 0) this.send(windowUpdate(id, length));
  }

  #read(id, stream, payload) {
    if (OUTPUTS.includes(id)) return;
    stream.rest = Buffer.concat([stream.rest, payload]);
    if (stream.expectsId && stream.rest.length >= 4) {
      stream.expectsId = false;
      stream.rest = stream.rest.subarray(4);
    }
    if (stream.expectsId) return;
    for (let end; (end = stream.end.in(stream.rest)) !== undefined;) {
      const { value } = decode(stream.rest);
      stream.rest = stream.rest.subarray(end);
      stream.end = new EndOfValue();
      this.onMessage(id, value);
    }
  }
}

export const FULL = 'cancel,refs,errors,types';

/**
 * Acts as a plugin. Sends the handshake line, then answers the control stream as a real plugin does. Passes
 * other messages to `answer`.
 */
export function rawPlugin(
  { readable, writable, exit },
  { capabilities = FULL, answer = () => {}, onDescribe, line } = {},
) {
  const peer = new RawPeer({ readable, writable });
  let brokerIds = 0;
  peer.onEnd = () => exit({ code: 0, signal: null });
  peer.onMessage = (id, message) => {
    const [kind, msgid, method, params] = message;
    if (onDescribe && method === 'Control.Describe') {
      onDescribe({ peer, id, msgid, method });
    } else if (id === CONTROL && kind === 0) {
      const result = method === 'Dispenser.Dispense' ? ++brokerIds : true;
      peer.message(id, [1, msgid, null, result]);
    } else {
      answer({ peer, id, kind, msgid, method, params });
    }
  };
  peer.send(Buffer.from(line ?? `1|pipe|3,4|msgpack-rpc|1|${capabilities}|1\n`));
  return peer;
}

/**
 * Acts as a host. Reads the handshake line, and opens the first three streams. `dispense(stream, name)`
 * dispenses the implementation `name` on the stream with the id `stream`, and resolves with this id. Then the
 * implementation's methods can be called on the stream.
 */
export async function rawHost({ readable, writable }) {
  const peer = new RawPeer({ readable, writable });
  const frames = peer.feed;
  await new Promise((resolve, reject) => {
    let text = Buffer.alloc(0);
    peer.feed = (chunk) => {
      text = Buffer.concat([text, chunk]);
      const end = text.indexOf('\n') + 1;
      if (end === 0) return;
      peer.line = text.subarray(0, end).toString();
      peer.feed = frames;
      frames(text.subarray(end));
      resolve();
    };
    peer.onEnd = () => reject(new Error('the plugin ended before its handshake line'));
  });
  for (const id of [CONTROL, ...OUTPUTS]) peer.open(id);
  peer.dispense = (stream, name = 'worker') =>
    new Promise((resolve) => {
      const former = peer.onMessage;
      peer.onMessage = (id, [kind, msgid, error, brokerId]) => {
        if (id !== CONTROL || kind !== 1 || msgid !== stream)
          return former(id, [kind, msgid, error, brokerId]);
        peer.onMessage = former;
        const head = Buffer.alloc(4);
        head.writeUInt32BE(Number(brokerId));
        peer.open(stream, head);
        resolve(stream);
      };
      peer.message(CONTROL, [0, stream, 'Dispenser.Dispense', [name]]);
    });
  return peer;
}
