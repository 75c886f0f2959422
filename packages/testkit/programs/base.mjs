// A plugin that uses none of the project's packages, and does what docs/protocol.md requires of a plugin
// without capabilities. Every misbehaving program is based on this file, and changes only the behaviour that
// its own name describes.
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import { decode, encode } from './msgpack.mjs';

export const SYN = 1;
export const ACK = 2;
export const FIN = 4;
export const RST = 8;
const initialWindow = 256 * 1024;

const cookieKey = 'OTTO_PLUGIN_MAGIC_COOKIE';
const cookieValue = '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f';
const [downstream, upstream] = (process.env['PIPEWORK_FDS'] ?? '3,4').split(',').map(Number);

/** Refuses to run without a host, as every plugin must. */
export function checkCookie() {
  if (process.env[cookieKey] === cookieValue) return;
  process.stderr.write(
    'This is a plugin: a program that a host starts. It is not meant to be run by hand.\n',
  );
  process.exit(1);
}

/** Writes raw bytes to the host, and returns when all of them are written. */
export function writeUpstream(bytes) {
  const chunk = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  for (let at = 0; at < chunk.length;) {
    try {
      at += writeSync(upstream, chunk, at);
    } catch (error) {
      if (error.code === 'EPIPE') process.exit(0);
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

/** Returns the highest version that both sides offer, or the plugin's highest version if they share none. */
export function chooseVersion(own = [1]) {
  const theirs = (process.env['PIPEWORK_PROTOCOL_VERSIONS'] ?? '1').split(',').map(Number);
  return Math.max(...own.filter((version) => theirs.includes(version)), 0) || Math.max(...own);
}

export const handshakeLine = (version = chooseVersion(), versions = '1', capabilities = '') =>
  `1|pipe|${downstream},${upstream}|msgpack-rpc|${version}|${capabilities}|${versions}\n`;

export function frame(type, flags, id, length, payload = Buffer.alloc(0)) {
  const header = Buffer.alloc(12);
  header.writeUInt8(type, 1);
  header.writeUInt16BE(flags, 2);
  header.writeUInt32BE(id, 4);
  header.writeUInt32BE(length, 8);
  return Buffer.concat([header, payload]);
}

/**
 * A stream, with its flow control, the bytes that wait for credit, and the received bytes that were not
 * decoded yet.
 */
class Stream {
  constructor(id) {
    this.id = id;
    this.credit = initialWindow;
    this.waiting = [];
    this.taken = 0;
    this.finished = false;
    this.callerFinished = false;
    this.calls = 0;
    this.received = Buffer.alloc(0);
  }

  write(bytes) {
    this.waiting.push(Buffer.from(bytes));
    this.flush();
  }

  finish() {
    this.finished = true;
    this.flush();
  }

  reset() {
    writeUpstream(frame(1, RST, this.id, 0));
  }

  flush() {
    while (this.waiting.length > 0 && this.credit > 0) {
      const size = Math.min(this.waiting[0].length, this.credit, 64 * 1024);
      writeUpstream(frame(0, 0, this.id, size, this.waiting[0].subarray(0, size)));
      this.credit -= size;
      this.waiting[0] = this.waiting[0].subarray(size);
      if (this.waiting[0].length === 0) this.waiting.shift();
    }
    if (!this.finished || this.finSent || this.waiting.length > 0) return;
    this.finSent = true;
    writeUpstream(frame(1, FIN, this.id, 0));
  }
}

/**
 * Some of the methods that the conformance suite calls, as `conformancePlugin` of the testkit serves them.
 */
const service = {
  echo: (peer, [value], answer) => answer(null, value),
  fail: (peer, [message], answer) => answer(message, null),
  print(peer, [what], answer) {
    peer[what.get('stream')].write(what.get('text'));
    // Output beyond the window is sent after the answer, when the host has granted credit.
    answer(null, null);
  },
  bytes: (peer, [n], answer) =>
    answer(
      null,
      Uint8Array.from({ length: n }, (_, i) => (i * 7 + 3) & 255),
    ),
  sleep: (peer, [ms], answer) => setTimeout(() => answer(null, null), ms),
};

/**
 * Runs the plugin, and returns its `peer`. The plugin's methods get `peer` too, and `peer.dial()` opens
 * streams. The object `conduct` may have these members:
 *
 * - `line` is the handshake line.
 * - `names` lists the names that can be dispensed. Without this list, any name can be dispensed.
 * - `methods` replaces methods of the service, and `anyMethod` handles the calls of all methods.
 * - `describe` handles `$/describe`, and `control` replaces Ping, Quit and Dispense.
 * - `accept(stream)` is called instead of sending the ACK, and `onStream(stream)` is called after that.
 * - `onEnd()` is called at the end of descriptor 3, instead of the exit.
 */
export function startPlugin(conduct = {}) {
  checkCookie();
  const streams = new Map();
  const brokerIds = new Set();
  let nextBrokerId = 1;
  let running = 0;
  let isQuitting = false;
  let answerQuit;
  let held = Buffer.alloc(0);
  const peer = { streams, send: writeUpstream, stdout: undefined, stderr: undefined, dial };
  let nextStreamId = 2;

  /**
   * Opens a stream with this broker id. The id 0 is for services of the host. `onMessage` gets each message
   * that arrives on the stream. Returns a function that writes messages; each argument is one message, an
   * array.
   */
  function dial(brokerId, onMessage = () => {}) {
    const stream = new Stream(nextStreamId);
    nextStreamId += 2;
    stream.onMessage = onMessage;
    streams.set(stream.id, stream);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(brokerId);
    writeUpstream(frame(0, SYN, stream.id, 4, bytes));
    stream.credit -= 4;
    return (...messages) => stream.write(Buffer.concat(messages.map(encode)));
  }

  const control = {
    Ping: (_peer, _params, answer) => answer(null, true),
    Quit(_peer, _params, answer) {
      isQuitting = true;
      const grace = setTimeout(
        () => answerQuit?.(),
        (Number(process.env['PIPEWORK_GRACE_MS'] ?? 2000) * 3) / 4,
      );
      answerQuit = () => {
        clearTimeout(grace);
        answerQuit = undefined;
        answer(null, true);
      };
      if (running === 0) answerQuit();
    },
    Dispense(_peer, [name], answer) {
      if (conduct.names && !conduct.names.includes(name)) return answer(`unknown plugin type: ${name}`, null);
      brokerIds.add(nextBrokerId);
      answer(null, nextBrokerId++);
    },
    ...conduct.control,
  };
  const methods = { ...service, ...conduct.methods };

  function call(stream, [type, msgid, method, params]) {
    if (type !== 0) return;
    const answer = (error, result) => {
      stream.write(encode([1, msgid, error, result]));
      if (stream.id === 1) return;
      running--;
      stream.calls--;
      if (stream.callerFinished && stream.calls === 0) stream.finish();
      if (running === 0) answerQuit?.();
    };
    if (stream.id !== 1) {
      running++;
      stream.calls++;
    }
    if (isQuitting && stream.id !== 1) return answer('plugin is shutting down', null);
    const [, name] = method.split('.');
    const table = stream.id === 1 ? control : methods;
    if (method === '$/describe' && conduct.describe) return conduct.describe(peer, params, answer);
    if (table === methods && conduct.anyMethod) return conduct.anyMethod(peer, params, answer, stream, msgid);
    if (!Object.hasOwn(table, name)) return answer(`can't find method ${method}`, null);
    table[name](peer, params, answer, stream, msgid);
  }

  function readMessages(stream) {
    for (;;) {
      if (stream.id > 5 && !stream.onMessage && !stream.brokerId) {
        if (stream.received.length < 4) return;
        stream.brokerId = stream.received.readUInt32BE(0);
        stream.received = stream.received.subarray(4);
        if (!brokerIds.delete(stream.brokerId)) return stream.reset();
      }
      const decoded = decode(stream.received);
      if (decoded === undefined) return;
      stream.received = stream.received.subarray(decoded.end);
      if (stream.onMessage) stream.onMessage(decoded.value);
      else call(stream, decoded.value);
    }
  }

  function open(id) {
    const stream = new Stream(id);
    streams.set(id, stream);
    if (id === 3) peer.stdout = stream;
    if (id === 5) peer.stderr = stream;
    if (conduct.accept) conduct.accept(stream, peer);
    else writeUpstream(frame(1, ACK, id, 0));
    conduct.onStream?.(stream, peer);
  }

  function onFrame(type, flags, id, length, payload) {
    if (type === 2) {
      if (flags & SYN) writeUpstream(frame(2, ACK, 0, length));
      return;
    }
    if (type === 3) return;
    if (flags & SYN) open(id);
    const stream = streams.get(id);
    if (stream === undefined) return;
    if (type === 1) {
      stream.credit += length;
      stream.flush();
    } else {
      stream.received = Buffer.concat([stream.received, payload]);
      stream.taken += length;
      if (stream.taken >= initialWindow / 2) {
        writeUpstream(frame(1, 0, id, stream.taken));
        stream.taken = 0;
      }
      readMessages(stream);
    }
    if (flags & RST) {
      streams.delete(id);
      stream.onReset?.();
    } else if (flags & FIN && id > 5) stream.callerFinished = true;
    if (stream.callerFinished && stream.calls === 0) stream.finish();
  }

  const input = new Socket({ fd: downstream, readable: true, writable: false });
  input.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 12) {
      const [type, flags, id, length] = [
        held[1],
        held.readUInt16BE(2),
        held.readUInt32BE(4),
        held.readUInt32BE(8),
      ];
      const end = 12 + (type === 0 ? length : 0);
      if (held.length < end) return;
      const payload = held.subarray(12, end);
      held = held.subarray(end);
      onFrame(type, flags, id, length, payload);
    }
  });
  input.on('end', () => {
    if (conduct.onEnd) return conduct.onEnd(peer);
    peer.stdout?.finish();
    peer.stderr?.finish();
    process.exit(0);
  });
  // If the host was killed, the end of descriptor 3 may arrive as an error.
  input.on('error', () => (conduct.onEnd ? conduct.onEnd(peer) : process.exit(0)));
  peer.input = input;
  writeUpstream(conduct.line ?? handshakeLine());
  return peer;
}
