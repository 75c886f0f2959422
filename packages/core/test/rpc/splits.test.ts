import { expect, test } from 'vitest';
import { rawHost } from '../support/raw-peer.ts';

// These are arguments of calls of `echo` to a peer with the capability `types`. Together they contain each
// kind of header.
const head = '94 00 01 ab 506c7567696e2e6563686f';
const values = [
  '91 dc 0003 de 0001 a1 61 d9 03 787878 df 00000001 da 0001 62 db 00000002 6363 cd 1234',
  '91 93 ce 00010000 d3 ffffffff00000000 cb 3ff8000000000000',
  '91 94 ca 3fc00000 c4 03 010203 d6 ff 00000001 d7 ff 0000000000000001',
  '91 93 c7 0c ff 00000000 fffffffffffffff0 93 d4 50 54 ac 466c6f61743634417272617931 c4 00 d4 00 00'.replace(
    'ac 466c6f61743634417272617931',
    'ac 466c6f617436344172726179',
  ),
  '91 82 a9 5f5f70726f746f5f5f 01 d9 09 5f5f70726f746f5f5f 81 a1 78 02',
].map((hex) => Buffer.from((head + hex).replace(/ /g, ''), 'hex'));

async function answerOf(pieces: readonly Uint8Array[]): Promise<string> {
  const peer = await rawHost({ echo: (value: unknown) => value }, { capabilities: ['types'] });
  for (const piece of pieces) peer.sendsBytes(piece);
  const answer = await peer.received();
  peer.conversation.close();
  return answer.toString('hex');
}

test.each(values.map((bytes, index) => [index, bytes] as const))(
  'message %i gets the same answer at every split point',
  async (_index, bytes) => {
    const whole = await answerOf([bytes]);
    expect(whole.startsWith('940101c0')).toBe(true);
    for (let at = 1; at < bytes.length; at++) {
      expect(await answerOf([bytes.subarray(0, at), bytes.subarray(at)]), `split at ${at}`).toBe(whole);
    }
    expect(await answerOf([...bytes].map((byte) => Uint8Array.of(byte)))).toBe(whole);
  },
);

test('a large bin gets the same answer at every split point around its ends, alone or among other values', async () => {
  const bin = Buffer.alloc(20_000, 7);
  const large = Buffer.concat([Buffer.from([0xc5, 20_000 >> 8, 20_000 & 255]), bin]);
  const bytes = Buffer.concat([
    Buffer.from(head.replace(/ /g, ''), 'hex'),
    Buffer.from([0x91, 0x93]),
    large,
    Buffer.from([5]),
    large,
  ]);
  const whole = await answerOf([bytes]);
  const begin = bytes.length - large.length;
  const points = [
    16,
    17,
    18,
    19,
    20,
    21,
    10_000,
    begin - 3,
    begin - 2,
    begin - 1,
    begin,
    begin + 1,
    begin + 2,
    begin + 3,
    begin + 4,
    bytes.length - 1,
  ];
  for (const at of points) {
    expect(await answerOf([bytes.subarray(0, at), bytes.subarray(at)]), `split at ${at}`).toBe(whole);
  }
  const thirds = [bytes.subarray(0, 5), bytes.subarray(5, 20_030), bytes.subarray(20_030)];
  expect(await answerOf(thirds)).toBe(whole);
});

test('several messages in one chunk get their answers in order', async () => {
  const peer = await rawHost({ echo: (value: unknown) => value });
  const messages = Array.from(
    { length: 50 },
    (_, id) =>
      `94 00 ${id.toString(16).padStart(2, '0')} ab 506c7567696e2e6563686f 91 ${id.toString(16).padStart(2, '0')}`,
  );
  peer.sends(messages.join(''));
  await peer.expects(
    Array.from(
      { length: 50 },
      (_, id) => `9401${id.toString(16).padStart(2, '0')}c0${id.toString(16).padStart(2, '0')}`,
    ).join(''),
  );
});
