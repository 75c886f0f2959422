/**
 * Tests with keys and texts that a hostile peer has chosen in order to cost the receiving side memory or
 * time, or to control a terminal.
 */
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { rawHost, rawPlugin } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const capabilities = ['refs', 'types', 'tables', 'errors', 'meta'] as const;
const array32 = (count: number): string => `dd ${count.toString(16).padStart(8, '0')}`;
const request = '94 00 01 ab 506c7567696e2e74616b65 91';
const count = 2_000;
const bin = (bytes: number): string => `c6 ${bytes.toString(16).padStart(8, '0')} ${'01'.repeat(bytes)}`;
const listOf = (one: string): string => `${array32(count)} ${one.repeat(count)}`;

/** Empties a list, and returns how many bytes became free. */
function heldBy(list: unknown[]): number {
  gc();
  const before = process.memoryUsage().heapUsed;
  list.length = 0;
  gc();
  return before - process.memoryUsage().heapUsed;
}

/** Values in hex, each with 2,000 objects that have a key 1020. */
const places: Record<string, string> = {
  'maps of texts': listOf('81 a4 31303230 01'),
  'maps of integers': listOf('81 cd03fc 01'),
  'a map of maps': `81 a161 ${listOf('82 a9 5f5f70726f746f5f5f 01 cd03fc 01')}`,
  'a table': `${array32(count + 2)} d45074 91 a4 31303230 ${'01'.repeat(count)}`,
  columns: `94 d45043 cd${count.toString(16).padStart(4, '0')} 91 a4 31303230 92 01 ${bin(count)}`,
  'records in a column': `94 d45043 cd${count.toString(16).padStart(4, '0')} 91 a161 93 05 91 a4 31303230 92 01 ${bin(count)}`,
  'fields of errors': listOf('92 d45045 81 a4 64617461 81 a4 31303230 01'),
};

describe('V8 does not allocate 1,020 elements for each of 2,000 objects whose key is 1020:', () => {
  test.each(Object.entries(places))('%s', async (_place, hex) => {
    const taken: unknown[] = [];
    const peer = await rawHost({ take: (value: unknown) => taken.push(value) }, { capabilities });
    peer.sends(`${request} ${hex}`);
    expect((await peer.received()).toString('latin1')).not.toContain('RPC_');
    expect(taken).toHaveLength(1);
    expect(inspect(taken[0], { depth: 9 })).toContain('1020');
    expect(heldBy(taken) / count).toBeLessThan(2_500);
  });

  test('small messages', async () => {
    const taken: unknown[] = [];
    const peer = await rawHost({ take: (value: unknown) => taken.push(value) }, { capabilities });
    for (let n = 0; n < count / 10; n++) peer.sends(`${request} 9a ${'81 a4 31303230 01'.repeat(10)}`);
    await peer.received();
    expect(taken).toHaveLength(count / 10);
    expect(taken[0]).toEqual(Array.from({ length: 10 }, () => ({ 1020: 1 })));
    expect(heldBy(taken) / count).toBeLessThan(2_500);
  });

  test('values that a handler sends back', async () => {
    const { remote } = await rpcPair({ echo: (value: unknown) => value });
    const value = Array.from({ length: 100 }, (_, n) => ({ [1020 + n]: n }));
    expect(await remote.echo(value)).toEqual(value);
    const alike = Array.from({ length: 100 }, (_, n) => ({ 1020: n, 3: 1 }));
    expect(await remote.echo(alike)).toEqual(alike);
  });
});

/** Returns an encoded bigint whose lowest 64 bits are the same for every `n`. V8 hashes only these bits. */
const collidingBigint = (n: number): Buffer =>
  Buffer.concat([Buffer.from('c70c504e', 'hex'), Buffer.from([n >>> 16, n >>> 8, n]), Buffer.alloc(8, 7)]);
const integer = (n: number): Buffer => {
  const bytes = Buffer.alloc(5, 0xce);
  bytes.writeUInt32BE(n, 1);
  return bytes;
};
const nil = Buffer.from([0xc0]);

async function answerTo(mark: string, items: number, one: (n: number) => Buffer): Promise<[string, number]> {
  let ran = 0;
  const peer = await rawHost({ take: () => void ran++ }, { capabilities });
  const head = Buffer.from(`${request} ${array32(items + 1)} ${mark}`.replaceAll(' ', ''), 'hex');
  peer.sendsBytes(Buffer.concat([head, ...Array.from({ length: items }, (_, n) => one(n))]));
  return [(await peer.received()).toString('latin1'), ran];
}

describe('a Map or Set is refused if its keys were chosen so that it takes long to fill', () => {
  test.each<[string, string, (n: number) => Buffer]>([
    ['a Set', 'd45053', collidingBigint],
    ['a Map', 'd4504d', (n) => (n % 2 === 0 ? collidingBigint(n / 2) : nil)],
  ])('%s of bigints that all have the same hash', async (_what, mark, one) => {
    const [answer, ran] = await answerTo(mark, 60_000, one);
    expect(answer).toContain('RPC_MESSAGE_TOO_LARGE');
    expect(answer).toContain('whose keys V8 can hardly tell apart');
    expect(ran).toBe(0);
  });

  test.each<[string, string, number, (n: number) => Buffer]>([
    ['a Set of 500,000 integers', 'd45053', 500_000, integer],
    ['a Map of 500,000 integers', 'd4504d', 1_000_000, (n) => (n % 2 === 0 ? integer(n / 2) : nil)],
    ['a Set of 2,000 such bigints', 'd45053', 2_000, collidingBigint],
  ])('but %s is accepted', async (_what, mark, items, one) => {
    const [answer, ran] = await answerTo(mark, items, one);
    expect(answer).not.toContain('RPC_');
    expect(ran).toBe(1);
  });
});

const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/; // oxlint-disable-line no-control-regex -- the test looks for these characters

describe('a text of the peer is made printable before a terminal shows it:', () => {
  test.each([
    ['an invalid regular expression', { source: '(\u001b[2J\u202e', flags: '' }],
    ['invalid flags', { source: 'a', flags: '\u001b[2J' }],
  ])('%s', async (_what, { source, flags }) => {
    const error = await errorOf([
      Buffer.from('93d45052', 'hex'),
      ...[source, flags].map((text) => Buffer.concat([Buffer.from([0xa0 + Buffer.byteLength(text)]), Buffer.from(text)])),
    ]); // prettier-ignore
    expect(error).toMatchObject({ code: 'RPC_INVALID_VALUE' });
    expectPrintable(error);
  });

  test('an invalid URL', async () => {
    const href = '\u001b[2J\u202e';
    const error = await errorOf([
      Buffer.from('92d45055', 'hex'),
      Buffer.from([0xa0 + Buffer.byteLength(href)]),
      Buffer.from(href),
    ]);
    expect(error.message).toContain('an invalid URL came');
    expectPrintable(error);
  });

  test('an invalid column of a table', async () => {
    const error = await errorOf([Buffer.from('94d450430191a16191a4c285c285', 'hex')]);
    expect(error.message).toContain('a column of a table has the kind');
    expectPrintable(error);
  });

  test('a regular expression is sent with escapes, and matches the same', async () => {
    const { remote } = await rpcPair({ echo: (value: unknown) => value });
    for (const source of [
      '\u001b\\[2J',
      '[\u0007-\u001b]\u202e',
      '\\\u001b',
      '\\\\\u001b',
      '\\\\\\\u0085x',
    ]) {
      const sent = new RegExp(source);
      const back = (await remote.echo(sent)) as RegExp;
      expect(back.source).not.toMatch(unprintable);
      expect(inspect(back)).not.toMatch(unprintable);
      for (const text of ['\u001b[2J', '\u0009\u202e', '\u001b', '\\\u001b', '\\\u0085x', '\\x1b', 'x'])
        expect(back.test(text), `${inspect(source)} on ${inspect(text)}`).toBe(sent.test(text));
    }
  });
});

/** Makes a call, answers it with this invalid value, and returns the call's error. */
async function errorOf(value: readonly Buffer[]): Promise<Error> {
  const peer = await rawPlugin({ capabilities });
  const call = peer.conversation.call('x', []);
  await peer.received();
  peer.sendsBytes(Buffer.concat([Buffer.from('940100c0', 'hex'), ...value]));
  return call.then(
    () => new Error('the call resolved'),
    (error: Error) => error,
  );
}

function expectPrintable(error: Error): void {
  for (const shown of [inspect(error, { depth: 9 }), error.stack, (error.cause as Error).message, (error.cause as Error).stack])
    expect(shown).not.toMatch(unprintable);
  for (const value of Object.values(error.cause as object)) expect(String(value)).not.toMatch(unprintable);
} // prettier-ignore
