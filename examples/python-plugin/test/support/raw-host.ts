// A host that sends single frames. Unlike a real host, it breaks rules, holds back credit, and cuts bytes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import {
  Flag,
  type Frame,
  FrameType,
  HEADER_BYTES,
  decodeHeader,
  describeFrame,
  encodeFrame,
} from '@pipework/mux/frame';
import { Packr } from 'msgpackr';

const packr = new Packr({ useRecords: false });
const patienceMs = 10_000;

/** A received frame, with its header described in words. */
export type Seen = Frame & { payload: Uint8Array; says: string };

export interface RawHostOptions {
  env?: Record<string, string>;
  /** If true, sends every byte in a separate write. */
  drip?: boolean;
}

/** Starts a plugin, reads its handshake line, and opens the first three streams. */
export async function rawHost(
  command: [file: string, ...args: string[]],
  options: RawHostOptions = {},
): Promise<RawHost> {
  const host = new RawHost(command, options);
  await host.greet();
  return host;
}

export class RawHost implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  /** Every received frame, in order. */
  readonly seen: Seen[] = [];
  line = '';
  rawStderr = '';
  readonly #down: Writable;
  readonly #drip: boolean;
  #buffer: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  constructor(command: [file: string, ...args: string[]], options: RawHostOptions) {
    const [file, ...args] = command;
    this.child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      env: {
        ...process.env,
        OTTO_PLUGIN_MAGIC_COOKIE: '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f',
        PIPEWORK_FDS: '3,4',
        PIPEWORK_PROTOCOL_VERSIONS: '1',
        PIPEWORK_CAPABILITIES: '',
        PIPEWORK_GRACE_MS: '2000',
        ...options.env,
      },
    });
    this.#drip = options.drip ?? false;
    this.exited = once(this.child, 'exit').then(([code, signal]) => ({ code, signal }));
    this.child.stdout!.resume();
    this.child.stderr!.on('data', (chunk: Buffer) => (this.rawStderr += chunk.toString()));
    this.#down = this.child.stdio[3] as Writable;
    // The plugin may end before a frame reaches it. The test then sees the plugin's exit.
    this.#down.on('error', () => {});
    const up = this.child.stdio[4] as Readable;
    up.on('error', () => {});
    up.on('data', (chunk: Buffer) => this.#receive(chunk));
    up.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Waits for the handshake line. */
  async greeted(): Promise<void> {
    await this.until(() => this.line !== '', 'the handshake line');
  }

  async greet(): Promise<void> {
    await this.greeted();
    for (const streamId of [1, 3, 5]) this.send({ type: FrameType.WindowUpdate, flags: Flag.SYN, streamId });
  }

  send(frame: Parameters<typeof encodeFrame>[0]): void {
    const bytes = encodeFrame(frame);
    if (this.#drip) for (const byte of bytes) this.#down.write(Uint8Array.of(byte));
    else this.#down.write(bytes);
  }

  /** Sends bytes unchanged. */
  write(bytes: Uint8Array): void {
    this.#down.write(bytes);
  }

  /** Sends bytes on a stream, in one frame. */
  data(streamId: number, payload: Uint8Array, flags = 0): void {
    this.send({ type: FrameType.Data, flags, streamId, payload });
  }

  request(streamId: number, msgid: number, method: string, ...params: unknown[]): void {
    this.data(streamId, packr.pack([0, msgid, method, params]));
  }

  /** Dispenses `name` over the control stream, and opens the stream `streamId` to the implementation. */
  async dispense(name: string, streamId: number): Promise<void> {
    this.request(1, streamId, 'Dispenser.Dispense', name);
    const [, , error, id] = await this.response(1, streamId);
    if (error !== null) throw new Error(`dispensing ${name} failed: ${JSON.stringify(error)}`);
    this.open(streamId, id as number);
  }

  /** Opens a stream that begins with this broker id. */
  open(streamId: number, brokerId: number): void {
    const id = Buffer.alloc(4);
    id.writeUInt32BE(brokerId);
    this.data(streamId, id, Flag.SYN);
  }

  /**
   * Resolves with the response to `msgid` on a stream. Only messages that have arrived whole are searched.
   */
  async response(streamId: number, msgid: number): Promise<unknown[]> {
    let found: unknown[] | undefined;
    await this.until(() => {
      found = this.messages(streamId).find((message) => message[1] === msgid);
      return found !== undefined;
    }, `the response ${msgid} on stream ${streamId}`);
    return found!;
  }

  messages(streamId: number): unknown[][] {
    const bytes = this.bytes(streamId);
    try {
      return bytes.length === 0 ? [] : (packr.unpackMultiple(bytes) as unknown[][]);
    } catch (error) {
      // The last message is incomplete. msgpackr's error has the messages before it.
      return (error as { values?: unknown[][] }).values ?? [];
    }
  }

  /** Returns all bytes that were received on a stream. */
  bytes(streamId: number): Buffer {
    return Buffer.concat(
      this.seen.flatMap((frame) =>
        frame.type === FrameType.Data && frame.streamId === streamId ? [frame.payload] : [],
      ),
    );
  }

  /** Returns the frames that were received on a stream, in words. */
  says(streamId: number): string[] {
    return this.seen.filter((frame) => frame.streamId === streamId).map((frame) => frame.says);
  }

  /** Sends a ping, and resolves when it is answered. By then, the plugin has read all earlier frames. */
  async settled(): Promise<void> {
    const value = 0x1000 + this.seen.length;
    this.send({ type: FrameType.Ping, flags: Flag.SYN, length: value });
    await this.until(
      () => this.seen.some((frame) => frame.type === FrameType.Ping && frame.length === value),
      'the answer to a ping',
    );
  }

  /** Waits until the plugin's frames make `condition` true. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!condition()) {
      if (this.#ended) throw new Error(`the plugin's pipe ended before ${what} came. ${this.rawStderr}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no sign of ${what} within ${patienceMs} ms. ${this.rawStderr}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Resolves when the plugin has closed its pipe. */
  async ended(): Promise<void> {
    await this.exited;
    if (!this.#ended) await once(this.child.stdio[4] as Readable, 'close');
  }

  /** Closes descriptor 3. */
  close(): void {
    this.#down.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    if (this.line === '') {
      const end = this.#buffer.indexOf('\n');
      if (end < 0) return;
      this.line = this.#buffer.toString('latin1', 0, end + 1);
      this.#buffer = this.#buffer.subarray(end + 1);
    }
    while (this.#buffer.length >= HEADER_BYTES) {
      const header = decodeHeader(this.#buffer);
      const end = HEADER_BYTES + (header.type === FrameType.Data ? header.length : 0);
      if (this.#buffer.length < end) break;
      const payload = this.#buffer.subarray(HEADER_BYTES, end);
      this.#buffer = this.#buffer.subarray(end);
      this.seen.push({ ...header, payload, says: describeFrame(header) });
    }
    this.#wake();
  }
}
