/** Two sessions that are connected in memory. */

import { onTestFinished } from 'vitest';
import { LeanSession, type LeanSessionOptions, type RawStream } from './internals.ts';
import { bytePair, type PairEnd, type PairOptions } from './byte-pair.ts';

export interface SessionPair {
  client: LeanSession;
  server: LeanSession;
  clientEnd: PairEnd;
  serverEnd: PairEnd;
}

/** Makes a client and a server that are connected in memory, and closes both when the test ends. */
export function sessionPair(
  options: {
    client?: Partial<LeanSessionOptions>;
    server?: Partial<LeanSessionOptions>;
    pipe?: PairOptions;
  } = {},
): SessionPair {
  const [clientEnd, serverEnd] = bytePair(options.pipe);
  const client = new LeanSession(clientEnd, { role: 'client', ...options.client });
  const server = new LeanSession(serverEnd, { role: 'server', ...options.server });
  onTestFinished(async () => {
    await Promise.all([client.close(), server.close()]);
  });
  return { client, server, clientEnd, serverEnd };
}

/** Sends the bytes of a stream back, and ends our half when the other side has ended. */
export function echo(raw: RawStream): void {
  raw.setHandler({
    onData: (chunk) => {
      raw.writeCopy(chunk, 0, chunk.length);
      raw.consume(chunk.length);
    },
    onEnd: () => raw.end(),
    onClose: () => {},
  });
}

/** Reads a stream to its end, and returns the bytes. */
export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Waits until a condition holds, checking once in each turn of the event loop. */
export async function until(holds: () => boolean, what: string, timeoutMs = 5_000): Promise<void> {
  const limit = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > limit) throw new Error(`after ${timeoutMs} ms it is not true that ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Returns `length` bytes of a pattern that differs at nearby offsets. */
export function pattern(length: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i * 7 + (i >>> 8) * 13 + seed) & 0xff;
  return bytes;
}
