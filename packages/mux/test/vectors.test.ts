/** Checks the code against the vectors, which help authors of another peer. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeHeader, describeFrame, encodeFrame, HEADER_BYTES, Session } from './support/internals.ts';
import { bytePair, type PairEnd } from './support/byte-pair.ts';
import { settled } from './support/raw-peer.ts';
import { readAll } from './support/session-pair.ts';

const read = (name: string): string[] =>
  readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8').split('\n');
const bytesOf = (line: string): Buffer =>
  Buffer.from(line.replace(/#.*/, '').replaceAll(/[^0-9a-f]/g, ''), 'hex');

interface Vector {
  name: string;
  bytes: Buffer;
  words: string;
}

function framesOf(lines: string[]): Vector[] {
  const vectors: Vector[] = [];
  for (const line of lines) {
    const last = vectors.at(-1);
    if (line.startsWith('[')) vectors.push({ name: line.slice(1, -1), bytes: Buffer.alloc(0), words: '' });
    else if (line.startsWith('=')) last!.words = line.slice(2);
    else if (last !== undefined) last.bytes = Buffer.concat([last.bytes, bytesOf(line)]);
  }
  return vectors;
}

describe('vectors/frames.hex', () => {
  test.each(framesOf(read('frames.hex')))('$name: $words', ({ bytes, words }) => {
    const header = decodeHeader(bytes);
    const where = header.streamId === 0 ? 'session' : String(header.streamId);
    expect(`${where} ${describeFrame(header)}`).toBe(words);
    expect(Buffer.from(encodeFrame({ ...header, payload: bytes.subarray(HEADER_BYTES) })).equals(bytes)).toBe(
      true,
    );
  });
});

describe('vectors/conversation.hex', () => {
  const lines = read('conversation.hex').filter((line) => /^[<>]/.test(line));
  const allFrom = (mark: string): string =>
    Buffer.concat(lines.filter((line) => line.startsWith(mark)).map((line) => bytesOf(line))).toString('hex');

  test('has the bytes that two sessions send to each other', async () => {
    const [clientEnd, serverEnd] = bytePair();
    const heard = (end: PairEnd): Buffer[] => {
      const chunks: Buffer[] = [];
      end.on('data', (chunk: Buffer) => chunks.push(chunk));
      return chunks;
    };
    const [up, down] = [heard(clientEnd), heard(serverEnd)];
    const client = new Session(clientEnd, { role: 'client' });
    const server = new Session(serverEnd, { role: 'server' });
    const stream = client.openStream();
    stream.end('hello');
    await settled();
    const accepted = await server.acceptStream();
    accepted.end(await readAll(accepted));
    expect((await readAll(stream)).toString()).toBe('hello');
    await client.ping();
    server.openStream();
    (await client.acceptStream()).destroy();
    await settled();
    client.goAway();
    await settled();
    server.goAway();
    await settled();
    expect(Buffer.concat(down).toString('hex')).toBe(allFrom('>'));
    expect(Buffer.concat(up).toString('hex')).toBe(allFrom('<'));
    await Promise.all([client.close(), server.close()]);
  });
});
