/**
 * Tests the side that answers calls: which calls it forgets after the answer, and how it reacts when the
 * caller does not read answers.
 */
import { describe, expect, test } from 'vitest';
import { rawHost } from '../support/raw-peer.ts';

/** Returns a request in hex. It has this id, and calls `Plugin.answers` without arguments. */
const request = (id: string): string => `94 00 ${id} ae 506c7567696e2e616e7377657273 90`;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a caller may reuse an id as soon as its call is answered, whether the handler answers immediately or in a later turn', async () => {
  for (const answers of [() => 1, async () => 1, () => turn().then(() => 1)]) {
    const peer = await rawHost({ answers });
    for (let time = 0; time < 3; time++) {
      peer.sends(request('07'));
      await peer.expects('94 01 07 c0 01');
    }
  }
});

test('a message that has arrived completely no longer counts in the budget', async () => {
  const peer = await rawHost({ answers: () => 1 });
  peer.sends(request('01'));
  await peer.expects('94 01 01 c0 01');
  expect(peer.shared.budget.used).toBe(0);
  const [first, rest] = [request('02').slice(0, 12), request('02').slice(12)];
  peer.sends(first);
  await peer.received();
  expect(peer.shared.budget.used).toBeGreaterThan(0);
  peer.sends(rest);
  await peer.expects('94 01 02 c0 01');
  expect(peer.shared.budget.used).toBe(0);
});

describe('a peer that does not read its answers', () => {
  const mebibyte = 1024 * 1024;
  /** A notification of 60 kB, which the service ignores. The tests send it after their requests. */
  const filler = Buffer.concat([
    Buffer.from('9302a478787878' + '91da' + 'ea60', 'hex'),
    Buffer.alloc(60_000, 'x'),
  ]);

  test.each([
    ['briefly', 200, () => 'x'.repeat(200)],
    ['immediately', 60_000, () => 'x'.repeat(60_000)],
    ['later', 60_000, async () => 'x'.repeat(60_000)],
    ['with a date', 60_000, () => [new Date(0), 'x'.repeat(60_000)]],
  ])(
    'gets no credit for further calls until it reads its answers (the handler answers %s)',
    async (_how, bytes, answers) => {
      let answered = 0;
      const counted = (): unknown => {
        answered++;
        return answers();
      };
      const peer = await rawHost({ answers: counted }, { capabilities: ['types'] });
      const takeAgain = peer.takeNothing();
      // Together, the answers are larger than the window.
      const calls = Math.ceil((3 * mebibyte) / bytes);
      for (let id = 0; id < calls; id++) peer.sends(request(`ce ${id.toString(16).padStart(8, '0')}`));
      await expect.poll(() => answered).toBe(calls);
      for (let sent = 0; sent < 3 * mebibyte; sent += filler.length) peer.sendsBytes(filler);
      await peer.received();
      await peer.received();
      expect(peer.stream.queuedBytes).toBeGreaterThan(mebibyte);
      takeAgain();
      await expect.poll(() => peer.stream.queuedBytes).toBe(0);
    },
  );
});
