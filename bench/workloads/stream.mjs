// Sends 100,000 small items from plugin to host within one call, in order.

const COUNT = 100_000;

export const stream = {
  name: 'stream',
  title: 'stream of 100,000 items, plugin to host',
  group: 'calls',
  cores: 'two',
  needs: 'stream',
  metrics: [{ key: 'rate', title: 'items/s', unit: '/s', better: 'high' }],
  async run({ peer, warmup, quick }) {
    const end = performance.now() + warmup;
    while (performance.now() < end) await receive(peer, COUNT / 10);
    return { rate: await receive(peer, quick ? COUNT / 5 : COUNT) };
  },
};

async function receive(peer, count) {
  let seen = 0;
  let outOfOrder = 0;
  const begin = performance.now();
  await peer.stream(count, (item) => {
    // The floor's items are Buffers without a `seq`. The pipe guarantees their order.
    if (item.seq !== undefined && item.seq !== seen) outOfOrder++;
    seen++;
  });
  const seconds = (performance.now() - begin) / 1000;
  if (seen !== count || outOfOrder > 0)
    throw new Error(`${seen} of ${count} items came, ${outOfOrder} out of order`);
  return count / seconds;
}
