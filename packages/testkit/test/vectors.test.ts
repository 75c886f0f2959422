/**
 * Checks the published vectors of RPC. A plugin that uses core must send each answer with exactly the bytes
 * of the vector, and the testkit's reader must read the vector's value.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bench, decode, Extension, type RawConnection } from './support/internals.ts';
import { fixture } from './support/greeter.ts';

interface Vector {
  readonly name: string;
  readonly bytes: Record<'>' | '<', Buffer>;
  words: string;
}

const vectors: Vector[] = [];
for (const line of readFileSync(new URL('../vectors/rpc.hex', import.meta.url), 'utf8').split('\n')) {
  const last = vectors.at(-1);
  const mark = line[0];
  if (mark === '[')
    vectors.push({
      name: line.slice(1, -1),
      bytes: { '>': Buffer.alloc(0), '<': Buffer.alloc(0) },
      words: '',
    });
  else if (last !== undefined && mark === '=') last.words = line.slice(2);
  else if (last !== undefined && (mark === '>' || mark === '<')) {
    const more = Buffer.from(line.slice(1).replace(/#.*/, '').replaceAll(' ', ''), 'hex');
    last.bytes[mark] = Buffer.concat([last.bytes[mark], more]);
  }
}

/** Returns a message as JSON, in the form of the vectors. */
const wordsOf = (bytes: Uint8Array): string =>
  JSON.stringify(decode(bytes), (_key, value: unknown) => {
    if (value instanceof Extension) return { seconds: Buffer.from(value.data).readUInt32BE() };
    // JSON.stringify() replaces a Buffer by the result of its toJSON() before it calls this function. The
    // testkit's reader returns Uint8Arrays, which have no toJSON() and so arrive here unchanged.
    return value instanceof Uint8Array ? { bin: Buffer.from(value).toString('hex') } : value;
  });

describe('vectors/rpc.hex', () => {
  const bench = new Bench({
    file: process.execPath,
    args: [fixture('serves-conformance.mjs')],
    cwd: undefined,
    env: {},
    cookie: ['OTTO_PLUGIN_MAGIC_COOKIE', '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f'],
    service: 'conformance',
    timeoutMs: 20_000,
    startTimeoutMs: 60_000,
  });
  let connection: RawConnection;
  beforeAll(async () => {
    connection = await bench.dispense(await bench.ready());
  }, 90_000);
  afterAll(() => bench.dispose());

  test.each(vectors)('$name', async ({ name, bytes, words }) => {
    expect(`${wordsOf(bytes['>'])} ${wordsOf(bytes['<'])}`).toBe(words);
    const id = connection.skipId(name);
    expect(bytes['>'][2]).toBe(id);
    connection.stream.send(bytes['>']);
    await connection.response(id);
    expect(Buffer.from(connection.newest).toString('hex')).toBe(bytes['<'].toString('hex'));
  });
});
