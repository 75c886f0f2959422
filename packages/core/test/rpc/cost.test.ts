import { describe, expect, test } from 'vitest';
import { rawHost, rawPlugin } from '../support/raw-peer.ts';

const capabilities = ['refs', 'types', 'tables', 'errors'] as const;
const array32 = (count: number): string => `dd ${count.toString(16).padStart(8, '0')}`;
const request = '94 00 01 ab 506c7567696e2e74616b65 91';

/**
 * Calls `take` with a list that holds the value `one` `count` times, and then a second time without
 * arguments. Returns the first answer, the number of runs of the handler, and the number of references that
 * are held after the first call.
 */
async function taken(one: string, count: number, maxMessageValues = 1000): Promise<[string, number, number]> {
  let ran = 0;
  const peer = await rawHost({ take: () => void ran++ }, { capabilities, limits: { maxMessageValues } });
  peer.sends(`${request} ${array32(count)} ${one.repeat(count)}`);
  const answer = (await peer.received()).toString('latin1');
  const { references } = peer.conversation;
  peer.sends('94 00 02 ab 506c7567696e2e74616b65 90');
  await peer.received();
  return [answer, ran, references];
}

describe('a value in a message counts by its cost on the receiving side:', () => {
  test.each<[string, string, number]>([
    ['a number as 1', '05', 1],
    ['an empty map as 1', '80', 1],
    ['a Date as 2', 'd6 ff 00000001', 2],
    ['binary data as 3', 'c4 00', 3],
    ['a Map as 4', '91 d4504d', 4],
    ['a Set as 4', '91 d45053', 4],
    ['a short regular expression as 8', '93 d45052 a161 a0', 8],
    ['an error as 11', '92 d45045 80', 11],
    ['an error with a cause as 22', '92 d45045 81 a5 6361757365 80', 22],
    ['a reference to a function as 11', 'c7 05 50 66 00000001', 11],
    ['a reference to an object as 23', 'c7 05 50 6f 00000001', 23],
    ['a signal as 21', 'c7 05 50 73 00000001', 21],
    ['an async iterable as 9', 'c7 05 50 69 00000001', 9],
    ['a Node stream as 19', 'c7 05 50 72 00000001', 19],
    ['a web stream as 51', 'c7 05 50 77 00000001', 51],
  ])('%s', async (_name, one, weight) => {
    // The message's own array and its params use 5 of the 1,000 values.
    const most = Math.floor(995 / weight);
    const [fits, first] = await taken(one, most);
    expect(fits).not.toContain('RPC_');
    expect(first).toBe(2);
    const [answer, ran, references] = await taken(one, most + 1);
    expect(answer).toContain('RPC_MESSAGE_TOO_LARGE');
    // The call that exceeds the limit by one value fails, and its references are given back. The second call
    // succeeds.
    expect([ran, references]).toEqual([1, 0]);
  });

  test.each<[string, string, number, boolean]>([
    ['a URL of 130 characters in its path counts little', 'http://a/', 130, true],
    ['a URL of 130 characters in its host name counts more than 1,000', 'http://a', 130, false],
  ])('%s, if the characters are not ASCII', async (_name, start, count, fits) => {
    const bytes = Buffer.from(start + 'é'.repeat(count));
    const text = `da ${bytes.length.toString(16).padStart(4, '0')} ${bytes.toString('hex')}`;
    const [answer, ran] = await taken(`92 d45055 ${text}`, 1);
    expect(answer.includes('RPC_MESSAGE_TOO_LARGE')).toBe(!fits);
    expect(ran).toBe(fits ? 2 : 1);
  });

  test('each field of an error beyond the 16th counts as 4 more', async () => {
    const map = (keys: number): string => {
      const entries = Array.from(
        { length: keys },
        (_, at) => `a4 ${Buffer.from(`k${100 + at}`).toString('hex')} 01`,
      );
      return `92 d45045 de ${keys.toString(16).padStart(4, '0')} ${entries.join(' ')}`;
    };
    expect((await taken(map(170), 1))[0]).not.toContain('RPC_');
    expect((await taken(map(190), 1))[0]).toContain('RPC_MESSAGE_TOO_LARGE');
  });

  test.each<[string, string, boolean]>([
    ['a pattern of 200 characters counts less than 1,000', '', true],
    ['a pattern of 200 characters with Unicode classes counts more than 1,000', 'u', false],
    ['a pattern of 200 characters with the flag v counts more than 1,000', 'v', false],
  ])('%s', async (_name, flags, fits) => {
    const pattern = `da 00c8 ${'61'.repeat(200)}`;
    const flag = flags === '' ? 'a0' : `a1 ${Buffer.from(flags).toString('hex')}`;
    const [answer, ran] = await taken(`93 d45052 ${pattern} ${flag}`, 1);
    expect(answer.includes('RPC_MESSAGE_TOO_LARGE')).toBe(!fits);
    expect(ran).toBe(fits ? 2 : 1);
  });

  test.each<[string, string, boolean]>([
    ['that is printable counts nothing for its 8,000 characters', '61', true],
    ['that had to be made printable counts one value for 8 of its 8,000 characters', '07', false],
  ])('a text of an error %s', async (_which, character, fits) => {
    const [answer, ran] = await taken(`92 d45045 81 a7 6d657373616765 da 1f40 ${character.repeat(8_000)}`, 1);
    expect(answer.includes('RPC_MESSAGE_TOO_LARGE')).toBe(!fits);
    expect(ran).toBe(fits ? 2 : 1);
  });

  test.each<[number, boolean]>([
    [20_000, true],
    [70_000, false],
  ])('a text of an error with %i characters counts one value for 32 characters, but only if it is long', async (length, fits) => {
    const text = `db ${length.toString(16).padStart(8, '0')} ${'61'.repeat(length)}`;
    const [answer, ran] = await taken(`92 d45045 81 a5 737461636b ${text}`, 1);
    expect(answer.includes('RPC_MESSAGE_TOO_LARGE')).toBe(!fits);
    expect(ran).toBe(fits ? 2 : 1);
  }); // prettier-ignore

  test('a row of a table counts as one value more than its cells', async () => {
    const table = (rows: number): string => `${array32(rows + 2)} d45074 91 a161 ${'01'.repeat(rows)}`;
    for (const [rows, fits] of [[400, true], [600, false]] as const) {
      const peer = await rawHost({ take: () => 1 }, { capabilities, limits: { maxMessageValues: 1000 } });
      peer.sends(`${request} ${table(rows)}`);
      expect((await peer.received()).toString('latin1').includes('RPC_MESSAGE_TOO_LARGE')).toBe(!fits);
    } // prettier-ignore
  });

  test('values in an answer, in an error and in an item count in the same way', async () => {
    const limits = { maxMessageValues: 1000 };
    const functions = `${array32(200)} ${'c7 05 50 66 00000001'.repeat(200)}`;
    const causes = `81 a6 6572726f7273 ${array32(200)} ${'80'.repeat(200)}`;
    for (const answer of [`c0 ${functions}`, `${causes} c0`, `c0 ${array32(2000)} ${'80'.repeat(2000)}`]) {
      const peer = await rawPlugin({ capabilities, limits });
      const call = peer.conversation.call('x', []);
      await peer.received();
      peer.sends(`94 01 00 ${answer}`);
      await expect(call).rejects.toMatchObject({ code: 'RPC_MESSAGE_TOO_LARGE' });
      expect(peer.conversation.references).toBe(0);
    }
  });
});
