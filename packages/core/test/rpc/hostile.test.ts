import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../testing/explore.ts';
import { rawHost, rawPlugin } from '../support/raw-peer.ts';

const served = { echo: (value: unknown) => value };
const echoHead = '94 00 01 ab 506c7567696e2e6563686f';

/**
 * Returns the params of a call, in hex. They hold one list of two rows, encoded as columns. The list has one
 * column, and `hex` is the bytes of this column.
 */
const column = (hex: string): string => `91 94 d4 50 43 02 91 a1 61 ${hex}`;

describe('a conversation resets the stream', () => {
  test.each([
    ['a message that does not begin with a fixarray', '80'],
    ['an array16 around a message', 'dc 0004 00 01 a1 78 90'],
    ['a message type that the protocol does not have', '94 03 01 a1 78 90'],
    ['a request of three elements', '93 00 01 a1 78'],
    ['a request of six elements', '96 00 01 a1 78 90 80 c0'],
    ['an answer of five elements', '95 01 01 c0 c0 c0'],
    ['a notification of four elements', '94 02 a1 78 90 c0'],
    ['an id beyond 32 bits', '94 00 cf 0000000100000000 a1 78 90'],
    ['an id below 0', '94 00 d3 ffffffffffffffff a1 78 90'],
    ['an id that is a float', '94 00 cb 3ff0000000000000 a1 78 90'],
    ['a type that is a float', '94 cb 0000000000000000 01 a1 78 90'],
    ['an empty array', '90'],
    ['a method that is no string', '94 00 01 05 90'],
    ['the byte 0xc1', `${echoHead} 91 c1`],
    ['a claim of 4 GiB of bytes', `${echoHead} 91 c6 ffffffff`],
    ['a claim of 4 G elements', `${echoHead} 91 dd ffffffff`],
    ['a claim of 4 G entries', `${echoHead} 91 df ffffffff`],
    ['a claim of 4 GiB of text', `${echoHead} 91 db ffffffff`],
    ['a claim of 4 GiB of extension', `${echoHead} 91 c9 ffffffff 50`],
  ])('for %s', async (_name, hex) => {
    const peer = await rawHost(served);
    const before = process.memoryUsage.rss();
    peer.sends(hex);
    await peer.reset();
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('for a request whose id is in use', async () => {
    const peer = await rawHost({ echo: () => new Promise(() => {}) });
    peer.sends(`${echoHead} 90 ${echoHead} 90`);
    await peer.reset();
  });

  test('for a message that grows beyond the limit, although no header announces its size', async () => {
    const peer = await rawHost(served, { limits: { maxMessageBytes: 100_000 } });
    peer.sends(`${echoHead} 91 dc ffff`);
    peer.sendsBytes(new Uint8Array(100_000).fill(0xcd));
    await peer.reset();
    expect(peer.shared.budget.used).toBe(0);
  });
});

describe('a conversation fails only the call', () => {
  test.each([
    ['an extension type that was not announced', '91 d4 07 00'],
    ['msgpackr’s record extension', '92 d4 72 40 91 a1 61'],
    ['msgpackr’s pointer extension', '91 d6 70 00000001'],
    ['msgpackr’s bundled strings', '91 d6 62 00000001'],
    ['msgpackr’s set extension', '91 d4 73 00'],
    ['msgpackr’s typed arrays', '91 c7 02 74 01 00'],
    ['a mark that is not in the table', '91 91 d4 50 00'],
    ['a mark alone', '91 d4 50 4d'],
    ['a map with an odd end', '91 92 d4 50 4d 01'],
    ['a typed array of a type that does not exist', '91 93 d4 50 54 a1 78 c4 00'],
    [
      'a typed array of a length that does not fit',
      '91 93 d4 50 54 ac 466c6f61743634417272617900'.replace('00', '') + ' c4 01 00',
    ],
    ['an invalid regular expression', '91 93 d4 50 52 a1 28 a0'],
    ['an invalid URL', '91 92 d4 50 55 a1 78'],
    ['the placeholder of a large bin', '91 d7 50 78 00 00 00 00 00 00 00'],
    ['a map key that is an array', '91 81 90 01'],
    ['a table without keys', '91 92 d4 50 74 90'],
    ['a table whose rows are not whole', '91 95 d4 50 74 92 a1 61 a1 62 01 02 03'],
    ['a table with a key twice', '91 94 d4 50 74 92 a1 61 a1 61 01 02'],
    ['a table with a key __proto__', '91 93 d4 50 74 91 a9 5f5f70726f746f5f5f 01'],
    ['a table with a key that is no text', '91 93 d4 50 74 91 01 01'],
    ['a map whose key is an integer of more than 64 bits', `91 81 c7 0c 50 4e ${'7f'.repeat(11)} 01`],
    ['columns and nothing else', '91 91 d4 50 43'],
    ['columns of no rows', '91 94 d4 50 43 00 91 a1 61 91 00'],
    ['columns of a row and a half', '91 94 d4 50 43 cb 3ff8000000000000 91 a1 61 92 00 01'],
    ['columns of less than no rows', '91 94 d4 50 43 ff 91 a1 61 92 00 01'],
    ['a column too few', '91 93 d4 50 43 01 91 a1 61'],
    ['a column too many', '91 95 d4 50 43 01 91 a1 61 92 00 01 92 00 01'],
    ['columns with a key twice', '91 95 d4 50 43 01 92 a1 61 a1 61 92 00 01 92 00 01'],
    ['columns with a key __proto__', '91 94 d4 50 43 01 91 a9 5f5f70726f746f5f5f 92 00 01'],
    ['a column that is no array', column('05')],
    ['a column of no kind', column('90')],
    ['a column of a kind that does not exist', column('92 09 01')],
    ['a column with a value too many', column('94 00 01 02 03')],
    ['a column with a value too few', column('92 00 01')],
    ['a column of values that is said to have 2^32 - 1 rows', '91 94 d4 50 43 ce ffffffff 91 a1 61 92 00 01'],
    [
      'a column of numbers that is said to have 2^32 - 1 rows',
      '91 94 d4 50 43 ce ffffffff 91 a1 61 92 01 c4 01 00',
    ],
    ['a column of 2^53 rows', '91 94 d4 50 43 cf 0020000000000000 91 a1 61 92 01 c4 01 00'],
    ['a column of numbers without bytes', column('91 01')],
    ['a column of numbers that are no bytes', column('92 01 05')],
    ['a column of numbers with a value after them', column('93 01 c4 02 0102 05')],
    ['a column of numbers of three bytes', column('92 01 c4 06 010203010203')],
    ['a column of numbers with an odd byte', column('92 01 c4 03 010203')],
    ['a column of no numbers', column('92 01 c4 00')],
    ['a column of texts without bytes', column('92 02 c4 02 0101')],
    ['a column of texts whose bytes are text', column('93 02 c4 02 0101 a2 6162')],
    ['a column of texts with a length too few', column('93 02 c4 01 02 c4 02 6162')],
    ['a column of texts with bytes left over', column('93 02 c4 02 0101 c4 03 616263')],
    ['a column of texts with bytes missing', column('93 02 c4 02 0102 c4 02 6162')],
    ['a column of texts with lengths of 2^32 - 1', column('93 02 c4 08 ffffffff ffffffff c4 02 6162')],
    ['a column of texts with lengths of three bytes', column('93 02 c4 06 000001 000001 c4 02 6162')],
    ['a column of choices without an index', column('92 03 c0')],
    ['a column of choices with an index too few', column('93 03 c4 01 00 c0')],
    ['a column of choices with an index beyond them', column('93 03 c4 02 0001 c0')],
    ['a column of choices without choices', column('92 03 c4 02 0000')],
    ['a choice that is a number', column('93 03 c4 02 0000 05')],
    ['a choice that is a list', column('93 03 c4 02 0000 90')],
    ['a choice that is a reference', column('93 03 c4 02 0000 c7 05 50 66 00000001')],
    ['a choice that is a long text', column(`93 03 c4 02 0000 d9 21 ${'61'.repeat(33)}`)],
    ['257 choices', column(`dc 0103 03 c4 02 0000 ${'c0'.repeat(257)}`)],
    ['a column of lists without items', column('92 04 c4 02 0101')],
    ['a column of lists with an item too few', column('93 04 c4 02 0101 92 00 01')],
    ['a column of lists with an item too many', column('93 04 c4 02 0100 93 00 01 02')],
    ['a column of lists with 2^32 - 1 items', column('93 04 c4 08 ffffffff ffffffff 92 01 c4 01 00')],
    ['a column of no items as numbers', column('93 04 c4 02 0000 92 01 c4 01 00')],
    ['a column of records without columns', column('92 05 91 a1 61')],
    ['a column of records with a column too many', column('94 05 91 a1 61 93 00 01 02 93 00 01 02')],
    ['a column of records without keys', column('93 05 90 93 00 01 02')],
    ['a column of records with a key __proto__', column('93 05 91 a9 5f5f70726f746f5f5f 93 00 01 02')],
    ['a mark alone in a column', column('93 00 d4 50 4d 01')],
    ['params that are no array', '05'],
    ['a reference without the capability refs', '91 c7 05 50 66 00000001'],
  ])('for %s', async (_name, params) => {
    const peer = await rawHost(served);
    peer.sends(`${echoHead} ${params}`);
    const answer = await peer.received();
    expect(answer.subarray(0, 3).toString('hex')).toBe('940101');
    expect(answer[3]).not.toBe(0xc0);
    peer.sends('94 00 02 ab 506c7567696e2e6563686f 91 07');
    await peer.expects('94 01 02 c0 07');
  });

  test('for values that are nested deeper than 128 levels', async () => {
    const peer = await rawHost(served);
    peer.sendsBytes(
      Buffer.concat([
        Buffer.from(echoHead.replace(/ /g, ''), 'hex'),
        Buffer.alloc(100_000, 0x91),
        Buffer.from([1]),
      ]),
    );
    const answer = (await peer.received()).toString('latin1');
    expect(answer).toContain('nested deeper');
    peer.sends('94 00 02 ab 506c7567696e2e6563686f 91 07');
    await peer.expects('94 01 02 c0 07');
  });

  test('and accepts a value that is nested 128 levels deep', async () => {
    const peer = await rawHost(served);
    const deep = '91'.repeat(128) + '07';
    peer.sends(`${echoHead} 91 ${deep}`);
    await peer.expects(`94 01 01 c0 ${deep}`);
  });
});

describe('columns', () => {
  const answerTo = async (hex: string, limits = {}): Promise<string> => {
    const peer = await rawHost({ size: (rows: unknown[]) => rows.length }, { limits });
    peer.sends(`94 00 01 ab 506c7567696e2e73697a65 ${hex}`);
    const answer = (await peer.received()).toString('latin1');
    peer.sends('94 00 02 ab 506c7567696e2e73697a65 91 90');
    await peer.expects('94 01 02 c0 00');
    return answer;
  };
  const bin = (bytes: number): string => `c5 ${bytes.toString(16).padStart(4, '0')} ${'00'.repeat(bytes)}`;

  test.each([
    ['rows and numbers', `91 94 d4 50 43 cd 03e8 91 a1 61 92 01 ${bin(1000)}`, 2000],
    ['texts', `91 94 d4 50 43 cd 03e8 91 a1 61 93 02 ${bin(1000)} c4 00`, 2000],
    ['choices', `91 94 d4 50 43 cd 03e8 91 a1 61 93 03 ${bin(1000)} c0`, 2000],
    ['lists', `91 94 d4 50 43 cd 03e8 91 a1 61 93 04 ${bin(1000)} 91 00`, 2000],
    ['the items of lists', `91 94 d4 50 43 01 91 a1 61 93 04 c5 0002 e803 92 01 ${bin(1000)}`, 1001],
    ['records', `91 94 d4 50 43 cd 03e8 91 a1 61 93 05 91 a1 61 92 01 ${bin(1000)}`, 3000],
  ])('add their %s to the number of values in the message', async (_name, hex, values) => {
    // The message's own arrays add fewer than 50 values.
    const refused = await answerTo(hex, { maxMessageValues: values - 1 });
    // This must be the error RPC_MESSAGE_TOO_LARGE. The error of an invalid value says "cannot be taken".
    expect(refused).toMatch(/more values in one message than the limit \(maxMessageValues\)/);
    expect(refused).not.toContain('cannot be taken');
    expect(await answerTo(hex, { maxMessageValues: values + 50 })).not.toContain('RPC_');
  });

  test('of two lists in one message count together towards maxMessageValues', async () => {
    const one = `94 d4 50 43 cd 03e8 91 a1 61 92 01 ${bin(1000)}`;
    expect(await answerTo(`92 ${one} ${one}`, { maxMessageValues: 3000 })).toContain('maxMessageValues');
    expect(await answerTo(`92 ${one} ${one}`, { maxMessageValues: 4050 })).not.toContain('RPC_');
  });

  test('that do not fit their table fail with an error that says why', async () => {
    expect(await answerTo(column('92 01 c4 03 010203'))).toContain('3 bytes of numbers for 2 rows');
    expect(await answerTo(column('93 02 c4 02 0102 c4 02 6162'))).toContain('2 bytes, and lengths for 3');
  });

  test('with any damage are either accepted, or make only their call fail', async () => {
    const whole = Buffer.from(
      `94 00 01 ab 506c7567696e2e73697a65
        91 98 d4 50 43 02 95 a1 61 a1 62 a1 63 a1 64 a1 65 92 01 c4 02 0102 93 02 c4 02 0102 c4 03 616263
        94 03 c4 02 0001 c0 a1 78 93 04 c4 02 0102 92 01 c4 03 010203 93 05 91 a1 66 93 00 c0 90`.replace(
        /\s/g,
        '',
      ),
      'hex',
    );
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 17), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const peer = await rawHost({ size: (rows: unknown[]) => JSON.stringify(rows).length });
        const bytes = Buffer.from(whole);
        for (const [at, byte] of changes) bytes[16 + at] = byte;
        peer.sendsBytes(bytes);
        await peer.received();
        peer.conversation.close();
        expect(peer.shared.budget.used).toBe(0);
        expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
      }),
      { numRuns: runs(250) },
    );
  });
});

test('a conversation drops an answer to an unknown call, and unknown notifications', async () => {
  const peer = await rawPlugin();
  const call = peer.conversation.call('x', []);
  await peer.received();
  peer.sends('94 01 05 c0 01  93 02 a3 782f79 90  93 02 a8 242f63616e63656c 91 07');
  peer.sends('94 01 00 c0 01');
  expect(await call).toBe(1);
});

test('a conversation drops a second answer to the same call', async () => {
  const peer = await rawPlugin();
  const call = peer.conversation.call('x', []);
  await peer.received();
  peer.sends('94 01 00 c0 01 94 01 00 c0 02');
  expect(await call).toBe(1);
  expect(peer.shared.counts.pendingCalls).toBe(0);
});

test('arbitrary bytes neither crash this side nor leave a reference held', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (bytes, wellBegun) => {
      const peer = await rawHost(served, { capabilities: ['cancel', 'refs', 'errors', 'types', 'meta'] });
      if (wellBegun) peer.sends(`${echoHead} 91`);
      peer.sendsBytes(bytes);
      await peer.received();
      peer.conversation.close();
      expect(peer.shared.budget.used).toBe(0);
      expect(peer.shared.counts).toEqual({
        pendingCalls: 0,
        runningCalls: 0,
        runningCallbacks: 0,
        references: 0,
        valueStreams: 0,
      });
    }),
    { numRuns: runs(100) },
  );
});
