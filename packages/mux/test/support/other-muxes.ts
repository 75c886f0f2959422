/**
 * Gives the other implementations of yamux on npm one small interface, so that the same helpers test all of
 * them.
 */

import { createRequire } from 'node:module';
import { realpathSync } from 'node:fs';
import { type Duplex, Transform } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HEADER_BYTES } from './internals.ts';

/** One stream of another implementation. */
export interface OtherStream {
  write(bytes: Uint8Array): void;
  end(): void;
  onData(listener: (bytes: Uint8Array) => void): void;
  onEnd(listener: () => void): void;
}

/** One end of another implementation. */
export interface OtherMux {
  open(): Promise<OtherStream>;
  onStream(listener: (stream: OtherStream) => void): void;
  ping?(): Promise<number>;
  readonly faults: Error[];
}

export type MakeMux = (role: 'client' | 'server', transport: Duplex) => Promise<OtherMux>;

// ── yamux-js ─────────────────────────────────────────────────────────────────────────────────────────────────────────

interface YamuxJs {
  Client: new (config: object) => Duplex & { open(): Duplex };
  Server: new (onStream: (stream: Duplex) => void, config: object) => Duplex & { open(): Duplex };
}

/**
 * Makes a session of yamux-js, which works only if each frame arrives in one piece. With `wholeFrames`, each
 * frame is put together before yamux-js gets it.
 */
export const yamuxJs =
  (options: { wholeFrames?: boolean } = {}): MakeMux =>
  async (role, transport) => {
    const { Client, Server } = createRequire(import.meta.url)('yamux-js') as YamuxJs;
    const faults: Error[] = [];
    let serve: (stream: OtherStream) => void = () => {};
    const config = { enableKeepAlive: false, logger: () => {} };
    const session =
      role === 'client' ? new Client(config) : new Server((stream) => serve(ofDuplex(stream)), config);
    session.on('error', (error) => faults.push(error));
    const source = options.wholeFrames === true ? transport.pipe(new FrameGatherer()) : transport;
    source.pipe(session).pipe(transport);
    return {
      faults,
      open: () => Promise.resolve(ofDuplex(session.open())),
      onStream: (listener) => (serve = listener),
    };
  };

/** Gathers the bytes of each frame, and passes them on in one piece. */
class FrameGatherer extends Transform {
  #bytes: Buffer = Buffer.alloc(0);

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let size = this.#frameSize(); size <= this.#bytes.length; size = this.#frameSize()) {
      this.push(Buffer.from(this.#bytes.subarray(0, size)));
      this.#bytes = this.#bytes.subarray(size);
    }
    callback();
  }

  #frameSize(): number {
    if (this.#bytes.length < HEADER_BYTES) return Infinity;
    return HEADER_BYTES + (this.#bytes[1] === 0 ? this.#bytes.readUInt32BE(8) : 0);
  }
}

function ofDuplex(stream: Duplex): OtherStream {
  stream.on('error', () => {});
  return {
    write: (bytes) => void stream.write(bytes),
    end: () => void stream.end(),
    onData: (listener) => void stream.on('data', listener),
    onEnd: (listener) => void stream.on('end', listener),
  };
}

// ── @chainsafe/libp2p-yamux ──────────────────────────────────────────────────────────────────────────────────────────

interface Libp2pStream extends EventTarget {
  send(bytes: Uint8Array): boolean;
  close(): Promise<void>;
}
interface Libp2pMuxer extends EventTarget {
  createStream(): Promise<Libp2pStream>;
  ping(): Promise<number>;
}
interface Bytes {
  subarray(): Uint8Array;
}
interface ConnectionBase {
  new (init: object): EventTarget & {
    onData(chunk: Uint8Array): void;
    onTransportClosed(error?: Error): void;
    safeDispatchEvent(name: string): void;
  };
}

/** Adds Promise.withResolvers, which libp2p-yamux calls and Node 20 lacks. */
function fillInWithResolvers(): void {
  const promise = Promise as unknown as { withResolvers?: () => object };
  promise.withResolvers ??= () => {
    let settlers: unknown[] = [];
    const pending = new Promise((...both) => (settlers = both));
    return { promise: pending, resolve: settlers[0], reject: settlers[1] };
  };
}

/** Makes a session of @chainsafe/libp2p-yamux, over an object that imitates a connection of @libp2p/tcp. */
export const chainsafe: MakeMux = async (role, transport) => {
  fillInWithResolvers();
  const { yamux } = (await import('@chainsafe/libp2p-yamux')) as unknown as {
    yamux: (init: object) => () => { createStreamMuxer(connection: object): Libp2pMuxer };
  };
  const entry = realpathSync(fileURLToPath(import.meta.resolve('@chainsafe/libp2p-yamux')));
  const utils = createRequire(pathToFileURL(entry)).resolve('@libp2p/utils');
  const { AbstractMultiaddrConnection } = (await import(pathToFileURL(utils).href)) as {
    AbstractMultiaddrConnection: ConnectionBase;
  };
  const faults: Error[] = [];

  class PipeConnection extends AbstractMultiaddrConnection {
    constructor(init: object) {
      super(init);
      transport.on('data', (chunk: Uint8Array) => this.onData(chunk));
      transport.on('close', () => this.onTransportClosed());
      transport.on('drain', () => this.safeDispatchEvent('drain'));
    }
    sendData(data: Iterable<Uint8Array>): { sentBytes: number; canSendMore: boolean } {
      let sentBytes = 0;
      let canSendMore = true;
      for (const bytes of data) {
        sentBytes += bytes.byteLength;
        canSendMore = transport.write(bytes);
        if (!canSendMore) break;
      }
      return { sentBytes, canSendMore };
    }
    sendClose(): Promise<void> {
      transport.end();
      return Promise.resolve();
    }
    sendReset(error: Error): void {
      faults.push(error);
      transport.destroy();
    }
    sendPause(): void {
      transport.pause();
    }
    sendResume(): void {
      transport.resume();
    }
  }

  const log: object = Object.assign(() => {}, { trace: () => {}, error: () => {}, newScope: () => log });
  const direction = role === 'client' ? 'outbound' : 'inbound';
  const connection = new PipeConnection({ log, direction, remoteAddr: {}, inactivityTimeout: 1e9 });
  const muxer = yamux({ enableKeepAlive: false })().createStreamMuxer(connection);
  return {
    faults,
    open: async () => ofLibp2p(await muxer.createStream()),
    onStream: (listener) =>
      muxer.addEventListener('stream', (event) =>
        listener(ofLibp2p((event as CustomEvent<Libp2pStream>).detail)),
      ),
    ping: () => muxer.ping(),
  };
};

function ofLibp2p(stream: Libp2pStream): OtherStream {
  return {
    write: (bytes) => void stream.send(bytes),
    end: () => void stream.close().catch(() => {}),
    onData: (listener) =>
      stream.addEventListener('message', (event) => {
        const { data } = event as Event & { data: Uint8Array | Bytes };
        listener(data instanceof Uint8Array ? data : data.subarray());
      }),
    onEnd: (listener) => stream.addEventListener('remoteCloseWrite', listener),
  };
}
