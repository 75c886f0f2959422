// Makes one call of the plugin. During this call, the plugin calls a function of the host 10,000 times, with
// 64 calls in flight.
import { median } from '../lib/loops.mjs';

const COUNT = 10_000;

export const callbacks = {
  name: 'callbacks',
  title: '10,000 calls back in one call, one core',
  group: 'calls',
  cores: 'one',
  needs: 'callbacks',
  metrics: [{ key: 'rate', title: 'calls/s', unit: '/s', better: 'high' }],
  async run({ peer, warmup }) {
    const end = performance.now() + warmup;
    while (performance.now() < end) await callBack(peer, COUNT);
    // Ten thousand calls take so little time that one sample is not reliable, so three samples are taken.
    const rates = [];
    for (let i = 0; i < 3; i++) rates.push(await callBack(peer, COUNT));
    return { rate: median(rates) };
  },
};

async function callBack(peer, count) {
  const begin = performance.now();
  const sum = await peer.callbacks(count, (i) => i + 1);
  const seconds = (performance.now() - begin) / 1000;
  const expected = (count * (count + 1)) / 2;
  if (sum !== expected) throw new Error(`the callbacks' results add up to ${sum} instead of ${expected}`);
  return count / seconds;
}
