/**
 * Gives each multiplexer the same small interface: open, onStream, and streams that write, end and report
 * data.
 */

import { createRequire } from 'node:module';
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const candidates = {
  raw: async (role, readable, writable) => {
    const stream = ofPair(readable, writable);
    return {
      open: async () => stream,
      // The bare pair has only one stream, so all messages are in flight on that stream.
      openMany: async (count) => [
        {
          ...stream,
          write: (chunk) => Array.from({ length: stream.begin(count) }, () => writable.write(chunk)),
        },
      ],
      onStream: (serve) => serve(stream),
    };
  },

  pipework: async (role, readable, writable) => {
    const { LeanSession } = await import('@pipework/mux/lean');
    let serve;
    const onStream = role === 'server' ? (raw) => serve(ofRaw(raw)) : undefined;
    const session = new LeanSession({ readable, writable }, { role, onStream });
    return withMany({ open: async () => ofRaw(session.openRaw()), onStream: (f) => (serve = f) });
  },

  'pipework-duplex': async (role, readable, writable) => {
    const { Session } = await import('@pipework/mux');
    const session = new Session({ readable, writable }, { role });
    return withMany({
      open: async () => ofDuplex(session.openStream()),
      onStream: async (serve) => {
        for await (const stream of session) serve(ofDuplex(stream));
      },
    });
  },

  libp2p: (role, readable, writable) => libp2p('@libp2p/yamux', role, readable, writable),

  chainsafe: (role, readable, writable) => libp2p('@chainsafe/libp2p-yamux', role, readable, writable),

  'yamux-js': async (role, readable, writable) => {
    const { Client, Server } = createRequire(import.meta.url)('yamux-js');
    let serve;
    const config = { enableKeepAlive: false, logger: () => {} };
    const session = role === 'client' ? new Client(config) : new Server((s) => serve(ofDuplex(s)), config);
    readable.pipe(session).pipe(writable);
    return withMany({ open: async () => ofDuplex(session.open()), onStream: (f) => (serve = f) });
  },
};

function withMany(mux) {
  const openMany = (count) => Promise.all(Array.from({ length: count }, () => mux.open()));
  return { ...mux, openMany };
}

/** Wraps the bare pipes. Each message is written separately, as in a program without a mux. */
function ofPair(readable, writable) {
  let begun = false;
  return {
    begin: (count) => {
      const now = begun ? 1 : count;
      begun = true;
      return now;
    },
    write: (chunk) => writable.write(chunk),
    echo: (chunk, size) => {
      for (let at = 0; at < chunk.length; at += size) writable.write(chunk.subarray(at, at + size));
    },
    end: () => writable.end(),
    onData: (listener) => readable.on('data', listener),
    onEnd: (listener) => readable.on('end', listener),
    onDrain: (listener) => writable.on('drain', listener),
  };
}

function ofRaw(raw) {
  const listeners = { data: () => {}, end: () => {}, drain: () => {} };
  raw.setHandler({
    onData: (chunk) => {
      listeners.data(chunk);
      raw.consume(chunk.length);
    },
    onEnd: () => listeners.end(),
    onDrain: () => listeners.drain(),
    onClose: () => {},
  });
  return {
    write: (chunk) => raw.write(chunk),
    echo: (chunk) => raw.writeCopy(chunk, 0, chunk.length),
    end: () => raw.end(),
    onData: (listener) => (listeners.data = listener),
    onEnd: (listener) => (listeners.end = listener),
    onDrain: (listener) => (listeners.drain = listener),
  };
}

function ofDuplex(stream) {
  stream.on('error', () => {});
  return {
    write: (chunk) => stream.write(chunk),
    echo: (chunk) => stream.write(chunk),
    end: () => stream.end(),
    onData: (listener) => stream.on('data', listener),
    onEnd: (listener) => stream.on('end', listener),
    onDrain: (listener) => stream.on('drain', listener),
  };
}

// The mux of libp2p needs a connection of libp2p, so this code imitates the connection of @libp2p/tcp.

async function libp2p(name, role, readable, writable) {
  Promise.withResolvers ??= () => {
    let resolve, reject;
    const promise = new Promise((...both) => ([resolve, reject] = both));
    return { promise, resolve, reject };
  };
  const entry = realpathSync(fileURLToPath(import.meta.resolve(name)));
  const near = createRequire(pathToFileURL(`${dirname(entry)}/`));
  const { AbstractMultiaddrConnection } = await import(pathToFileURL(near.resolve('@libp2p/utils')).href);
  const { yamux } = await import(name);

  class PipeConnection extends AbstractMultiaddrConnection {
    constructor(init) {
      super(init);
      readable.on('data', (chunk) => this.onData(chunk));
      readable.on('close', () => this.onTransportClosed());
      writable.on('drain', () => this.safeDispatchEvent('drain'));
    }
    sendData(data) {
      let canSendMore = true;
      let sentBytes = 0;
      for (const buffer of data) {
        sentBytes += buffer.byteLength;
        canSendMore = writable.write(buffer);
        if (!canSendMore) break;
      }
      return { sentBytes, canSendMore };
    }
    async sendClose() {
      writable.end();
    }
    sendReset() {
      writable.destroy();
    }
    sendPause() {
      readable.pause();
    }
    sendResume() {
      readable.resume();
    }
  }
  const log = Object.assign(() => {}, { trace() {}, error() {}, newScope: () => log });
  const direction = role === 'client' ? 'outbound' : 'inbound';
  const connection = new PipeConnection({ log, direction, remoteAddr: {}, inactivityTimeout: 1e9 });
  // These are the default options, with which the library measures the round trip by a first ping. Without
  // this measurement, it never enlarges its windows.
  const muxer = yamux()().createStreamMuxer(connection);
  return withMany({
    open: async () => ofLibp2p(await muxer.createStream()),
    onStream: (serve) => muxer.addEventListener('stream', ({ detail }) => serve(ofLibp2p(detail))),
  });
}

function ofLibp2p(stream) {
  return {
    write: (chunk) => stream.send(chunk),
    echo: (chunk) => stream.send(chunk),
    end: () => void stream.close().catch(() => {}),
    onData: (listener) =>
      stream.addEventListener('message', ({ data }) =>
        listener(data instanceof Uint8Array ? data : data.subarray()),
      ),
    onEnd: (listener) => stream.addEventListener('remoteCloseWrite', listener),
    onDrain: (listener) => stream.addEventListener('drain', listener),
  };
}
