// Tests with the public vectors of the npm package `msgpack-test-suite`. Each form of each value is read in
// one piece, and again byte by byte.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { rawHost } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';

type Vector = Record<string, unknown> & { msgpack: string[] };

const file = createRequire(import.meta.url).resolve('msgpack-test-suite');
const suite = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Vector[]>;

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll('-', ''), 'hex');
/** Returns the value of a vector, or undefined for an extension type, which the protocol does not have. */
function valueOf(vector: Vector): { value: unknown } | undefined {
  // The suite lists integers beyond 53 bits as text.
  if (vector['bignum'] !== undefined) {
    const big = BigInt(vector['bignum'] as string);
    return { value: Number.isSafeInteger(Number(big)) ? Number(big) : big };
  }
  if (vector['binary'] !== undefined) return { value: new Uint8Array(bytesOf(vector['binary'] as string)) };
  if (vector['timestamp'] !== undefined) {
    const [seconds, nanoseconds] = vector['timestamp'] as [number, number];
    return { value: new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6)) };
  }
  if (vector['ext'] !== undefined) return undefined;
  const kind = Object.keys(vector).find((key) => key !== 'msgpack');
  return kind === undefined ? undefined : { value: vector[kind] };
}

const vectors = Object.entries(suite).flatMap(([page, all]) =>
  all.flatMap((vector) => {
    const known = valueOf(vector);
    return known === undefined ? [] : [{ page, forms: vector.msgpack, ...known }];
  }),
);

test('the suite has the expected contents', () => {
  expect(Object.keys(suite)).toHaveLength(15);
  expect(vectors).toHaveLength(78);
});

describe('each form of a public vector is read as its value', () => {
  test.each(vectors)('$page $value', async ({ forms, value }) => {
    const came: unknown[] = [];
    const peer = await rawHost(
      { take: (taken: unknown) => void came.push(taken) },
      { capabilities: ['types'] },
    );
    for (const form of forms) {
      const message = Buffer.concat([Buffer.from('940001ab506c7567696e2e74616b6591', 'hex'), bytesOf(form)]);
      peer.sendsBytes(message);
      await peer.received();
      for (const byte of message) peer.sendsBytes(Uint8Array.of(byte));
      await peer.received();
    }
    expect(came).toHaveLength(forms.length * 2);
    // -0.0 and 0 are different values, but the suite lists -0.0 as 0.
    for (const one of came) expect(one === 0 ? 0 : one).toStrictEqual(value === 0 ? 0 : value);
  });
});

describe('the value of a public vector is written in one of its forms, and comes back:', () => {
  test.each(vectors)('$page $value', async ({ forms, value }) => {
    const peer = await rawHost({ give: () => value }, { capabilities: [] });
    peer.sends('940001ab506c7567696e2e6769766590');
    const written = (await peer.received()).subarray(4).toString('hex');
    // A Date is not compared with the suite's forms. A Date has no nanoseconds, and a Date beyond 2106 is
    // written in 12 bytes, although 8 would be enough.
    if (!(value instanceof Date)) expect(forms.map((form) => form.replaceAll('-', ''))).toContain(written);
    const { remote } = await rpcPair({ echo: (sent: unknown) => sent });
    expect(await remote.echo(value)).toStrictEqual(value);
    expect(await remote.echo([value, { value }])).toStrictEqual([value, { value }]);
  });
});
