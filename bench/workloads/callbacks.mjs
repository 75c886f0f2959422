// One call, in which the plugin calls a function of the host's 10,000 times, 64 in flight.

const COUNT = 10_000;

export const callbacks = {
  name: 'callbacks',
  title: '10,000 calls back in one call, one core',
  group: 'calls',
  cores: 'one',
  needs: 'callbacks',
  metrics: [{ key: 'rate', title: 'calls/s', unit: '/s', better: 'high' }],
  async run({ peer, quick }) {
    await callBack(peer, 1_000);
    if (!quick) await callBack(peer, COUNT);
    return { rate: await callBack(peer, COUNT) };
  },
};

async function callBack(peer, count) {
  const begin = performance.now();
  const sum = await peer.callbacks(count, (i) => i + 1);
  const seconds = (performance.now() - begin) / 1000;
  const expected = (count * (count + 1)) / 2;
  if (sum !== expected) throw new Error(`the calls back add up to ${sum} instead of ${expected}`);
  return count / seconds;
}
