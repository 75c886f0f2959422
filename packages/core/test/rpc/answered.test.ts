/**
 * Tests the side that answers calls: which calls it forgets after the answer, and how it reacts when the
 * caller does not read answers.
 */
import { describe, expect, test } from 'vitest';
import { rawHost, rawPlugin, type RawPeer } from '../support/raw-peer.ts';

/** Returns, in hex, a request with this id that calls `Plugin.answers` without arguments. */
const request = (id: string): string => `94 00 ${id} ae 506c7567696e2e616e7377657273 90`;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a caller may reuse the id of a call as soon as the call is answered, whether the handler answers immediately or in a later turn', async () => {
  for (const answers of [() => 1, async () => 1, () => turn().then(() => 1)]) {
    const peer = await rawHost({ answers });
    for (let time = 0; time < 3; time++) {
      peer.sends(request('07'));
      await peer.expects('94 01 07 c0 01');
    }
  }
});

test('a message that has arrived completely no longer counts towards maxUnfinishedBytes', async () => {
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
      await peer.received();
      expect(answered).toBeGreaterThan(0);
      for (let sent = 0; sent < 3 * mebibyte; sent += filler.length) peer.sendsBytes(filler);
      await peer.received();
      await peer.received();
      expect(peer.stream.queuedBytes).toBeGreaterThan(mebibyte);
      takeAgain();
      await expect.poll(() => peer.stream.queuedBytes).toBe(0);
      await expect.poll(() => answered).toBe(calls);
    },
  );
});

describe('a plugin that calls functions of its host and does not read the answers', () => {
  const call = Buffer.from('$/call').toString('hex');
  const number = (n: number): string => `ce ${n.toString(16).padStart(8, '0')}`;

  /**
   * Calls the plugin's `go` with the function `callback`. `asks` makes the plugin call this function, with the
   * message id as the argument.
   */
  async function plugin(callback: (n: number) => unknown): Promise<{
    peer: RawPeer;
    result: Promise<unknown>;
    id: string;
    reference: string;
    asks(id: number): void;
  }> {
    const peer = await rawPlugin({ capabilities: ['refs', 'types'] });
    const result = peer.conversation.call('go', [callback]);
    result.catch(() => {});
    const request = await peer.received();
    const reference = request.subarray(-4).toString('hex');
    return {
      peer,
      result,
      /** The id of the host's call, as a byte in hex. */
      id: request.toString('hex', 2, 3),
      reference,
      asks: (id) => peer.sends(`94 00 ${number(id)} a6 ${call} 92 ce ${reference} 91 ${number(id)}`),
    };
  }

  test('gets at most a few MiB of answers, and its further calls run in order after it has read them', async () => {
    const ran: number[] = [];
    const { peer, asks } = await plugin((n) => {
      ran.push(n);
      return 'x'.repeat(20_000);
    });
    const takeAgain = peer.takeNothing();
    const ids = Array.from({ length: 1000 }, (_, n) => n);
    for (const id of ids) asks(id);
    await peer.received();
    expect(ran.length).toBeGreaterThan(0);
    expect(ran.length * 20_000).toBeLessThan(4 * 1024 * 1024);
    takeAgain();
    await expect.poll(() => ran.length).toBe(ids.length);
    expect(ran).toEqual(ids);
  });

  test('can answer the host while its own calls wait', async () => {
    const { peer, result, id: called, asks } = await plugin(() => 'x'.repeat(20_000));
    peer.takeNothing();
    for (let id = 0; id < 1000; id++) asks(id);
    peer.sends(`94 01 ${called} c0 07`);
    expect(await result).toBe(7);
  });

  test('may release the function while calls of it wait, because the release waits too', async () => {
    let ran = 0;
    const { peer, asks, reference } = await plugin(() => {
      ran++;
      return 'x'.repeat(20_000);
    });
    const takeAgain = peer.takeNothing();
    for (let id = 0; id < 500; id++) asks(id);
    const release = Buffer.from('$/release').toString('hex');
    peer.sends(`93 02 a9 ${release} 92 ce ${reference} 01`);
    takeAgain();
    await expect.poll(() => ran).toBe(500);
    await expect.poll(() => peer.conversation.references).toBe(0);
  });

  test('loses the conversation when more than 32 MiB of its calls wait', async () => {
    const { peer, result, asks } = await plugin(() => 'x'.repeat(60_000));
    peer.takeNothing();
    for (let id = 0; id < 100; id++) asks(id);
    const filler = Buffer.concat([
      Buffer.from('9302a478787878' + '91db' + '00100000', 'hex'),
      Buffer.alloc(1024 * 1024, 'x'),
    ]);
    for (let sent = 0; sent < 34; sent++) peer.sendsBytes(filler);
    await expect(result).rejects.toThrow('more than 32 MiB of calls while it read no answers');
    expect(await peer.reset()).toBeInstanceOf(Error);
  });
});
