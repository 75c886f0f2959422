import { describe, expect, test } from 'vitest';
import { rawHost, rawPlugin } from '../support/raw-peer.ts';

const echo = {
  greet: (name: unknown) => name,
  two: (_a: unknown, b: unknown) => b,
  fail: (message: string) => {
    throw new Error(message);
  },
  nothing: () => undefined,
};

describe('a peer of the base, which has no capabilities,', () => {
  test('gets a request of four elements, and its answer is matched by the id', async () => {
    const peer = await rawPlugin();
    const result = peer.conversation.call('greet', ['world']);
    //                   request id 0 "Plugin.greet"             ["world"]
    await peer.expects('94 00 00 ac 506c7567696e2e6772656574 91 a5 776f726c64');
    peer.sends('94 01 00 c0 a2 6869');
    expect(await result).toBe('hi');
  });

  test('gets an answer of four elements, whose error is nil', async () => {
    const peer = await rawHost(echo);
    peer.sends('94 00 07 ac 506c7567696e2e6772656574 91 a2 6869');
    await peer.expects('94 01 07 c0 a2 6869');
  });

  test('gets an error as a string, never as a map', async () => {
    const peer = await rawHost(echo);
    peer.sends('94 00 01 ab 506c7567696e2e6661696c 91 a2 6e6f');
    await peer.expects('94 01 01 a2 6e6f c0');
  });

  test('gets the error text of net/rpc for an unknown method', async () => {
    const peer = await rawHost(echo);
    peer.sends('94 00 01 aa 506c7567696e2e6e6f70 90');
    const text = Buffer.from("can't find method Plugin.nop: the object offers greet, two, fail, nothing");
    await peer.expects(`94 01 01 d9 ${text.length.toString(16)} ${text.toString('hex')} c0`);
  });

  test('gets nil for undefined, and ids up to 32 bits unchanged', async () => {
    const peer = await rawHost(echo);
    peer.sends('94 00 ce ffffffff ae 506c7567696e2e6e6f7468696e67 90');
    await peer.expects('94 01 ce ffffffff c0 c0');
  });

  test('gets no cancel for a cancelled call', async () => {
    const peer = await rawPlugin();
    const controller = new AbortController();
    const result = peer.conversation.call('greet', ['x', { signal: controller.signal }]);
    await peer.expects('94 00 00 ac 506c7567696e2e6772656574 91 a1 78');
    controller.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
    expect(await peer.received()).toHaveLength(0);
  });

  test('gets no trailing undefined, and no options object if its only field is a signal', async () => {
    const peer = await rawPlugin();
    void peer.conversation.call('two', ['a', undefined, { signal: undefined }, undefined]).catch(() => {});
    await peer.expects('94 00 00 aa 506c7567696e2e74776f 91 a1 61');
  });

  test('may send integers of any width, and may cut a message into any pieces', async () => {
    const peer = await rawHost(echo);
    for (const byte of '94 00 cd 0001 d9 0c 506c7567696e2e6772656574 dc 0001 d3 ffffffffffffffff'
      .replace(/ /g, '')
      .match(/../g)!)
      peer.sends(byte);
    await peer.expects('94 01 01 c0 ff');
  });

  test.each([
    ...['cc00', 'cd0000', 'ce00000000', 'cf0000000000000000'],
    ...['d000', 'd10000', 'd200000000', 'd30000000000000000'],
  ])('may send %s as the type of a message', async (kind) => {
    const peer = await rawHost(echo);
    peer.sends(`94 ${kind} 07 ac 506c7567696e2e6772656574 91 a2 6869`);
    await peer.expects('94 01 07 c0 a2 6869');
  });

  test.each([
    ...['cc07', 'cd0007', 'ce00000007', 'cf0000000000000007'],
    ...['d007', 'd10007', 'd200000007', 'd30000000000000007'],
  ])('may send %s as the id of a message', async (id) => {
    const peer = await rawHost(echo);
    peer.sends(`94 00 ${id} ac 506c7567696e2e6772656574 91 a2 6869`);
    await peer.expects('94 01 07 c0 a2 6869');
  });

  test('may send an answer whose type and id have longer forms', async () => {
    const peer = await rawPlugin();
    const result = peer.conversation.call('greet', ['world']);
    await peer.expects('94 00 00 ac 506c7567696e2e6772656574 91 a5 776f726c64');
    peer.sends('94 cc01 d30000000000000000 c0 a2 6869');
    expect(await result).toBe('hi');
  });

  test.each(['d90c', 'da000c', 'db0000000c'])('may send a method with the header %s', async (header) => {
    const peer = await rawHost(echo);
    peer.sends(`94 00 07 ${header} 506c7567696e2e6772656574 91 a2 6869`);
    await peer.expects('94 01 07 c0 a2 6869');
  });

  test.each(['ca40e00000', 'cb401c000000000000'])(
    'may send a whole number as the float %s',
    async (float) => {
      const peer = await rawHost(echo);
      peer.sends(`94 00 07 ac 506c7567696e2e6772656574 91 ${float}`);
      await peer.expects('94 01 07 c0 07');
    },
  );

  test('may send an error of any shape, and the call rejects with an Error', async () => {
    const peer = await rawPlugin();
    for (const [id, error] of ['a2 6e6f', '01', 'c2', '90', '80', '81 a7 6d657373616765 2a'].entries()) {
      const result = peer.conversation.call('greet', []);
      await peer.received();
      peer.sends(`94 01 0${id} ${error} c0`);
      await expect(result).rejects.toBeInstanceOf(Error);
    }
  });
});

describe('integers', () => {
  const cases: [number | bigint, string][] = [
    [2 ** 32, 'd3 0000000100000000'],
    [-(2 ** 31) - 1, 'd3 ffffffff7fffffff'],
    [Number.MAX_SAFE_INTEGER, 'd3 001fffffffffffff'],
    [2n ** 63n - 1n, 'd3 7fffffffffffffff'],
    [2n ** 64n - 1n, 'cf ffffffffffffffff'],
    [5n, '05'],
    [1.5, 'cb 3ff8000000000000'],
    [-0, 'cb 8000000000000000'],
  ];
  test.each(cases)('%s is sent as %s', async (value, hex) => {
    const peer = await rawPlugin();
    void peer.conversation.call('greet', [value]).catch(() => {});
    await peer.expects(`94 00 00 ac 506c7567696e2e6772656574 91 ${hex}`);
  });

  test('beyond 2^53 arrive as bigint', async () => {
    const peer = await rawPlugin();
    const result = peer.conversation.call('greet', []);
    await peer.received();
    peer.sends('94 01 00 c0 cf ffffffffffffffff');
    expect(await result).toBe(2n ** 64n - 1n);
  });
});
