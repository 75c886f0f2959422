/** Checks that a host reads each line of the public handshake vectors as the vector says. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { judgeLine } from './line.ts';

const file = new URL('../../../testkit/vectors/handshake.hex', import.meta.url);

interface Vector {
  readonly name: string;
  bytes: Buffer;
  words: string;
}

const vectors: Vector[] = [];
for (const line of readFileSync(file, 'utf8').split('\n')) {
  const last = vectors.at(-1);
  if (line.startsWith('[')) vectors.push({ name: line.slice(1, -1), bytes: Buffer.alloc(0), words: '' });
  else if (last !== undefined && line.startsWith('=')) last.words = line.slice(2);
  else if (last !== undefined)
    last.bytes = Buffer.concat([last.bytes, Buffer.from(line.replace(/#.*/, '').replaceAll(' ', ''), 'hex')]);
}

/** Returns the host's verdict on a line, in the notation of the vectors. */
function said(bytes: Buffer): string {
  const verdict = judgeLine(bytes.toString('latin1').replace(/\n$/, ''), [1, 2]);
  if ('code' in verdict) return `refused ${verdict.code}`;
  const { protocolVersion: version, capabilities, protocolVersions: versions } = verdict;
  return JSON.stringify({ version, capabilities: [...capabilities], versions });
}

describe('packages/testkit/vectors/handshake.hex', () => {
  test.each(vectors)('$name', ({ bytes, words }) => {
    expect(bytes.at(-1)).toBe(10);
    expect(said(bytes)).toBe(words);
  });
});
