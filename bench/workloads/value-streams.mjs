// Reads many streams of bytes from plugin to host at the same time. The result is the rate of all streams
// together. The floor sends the same chunks one after another through its one pipe.
import { CHUNK_BYTES } from '../lib/values.mjs';

const MB = 1e6;
/**
 * The smallest and the largest number of chunks in all streams together. Between these bounds, the number is
 * about what the peer moves in a second.
 */
const LEAST = 256;
const MOST = 2048;

const point = (key, title) => ({ key, title, unit: 'MB/s', better: 'high' });

/** How many streams are read at the same time. The chart shows the first of these counts. */
const COUNTS = [64, 16, 4, 1];

/**
 * `value` are async generators, `web` are ReadableStreams, and `raw` are streams of the broker, which carry
 * bytes without messages.
 */
const KINDS = { value: COUNTS, web: [64, 1], raw: [64, 1] };

export const manyValueStreams = {
  name: 'many-value-streams',
  title: 'streams of bytes read at once, in total',
  group: 'value-streams',
  cores: 'two',
  needs: 'byteStreams',
  peers: ['floor', 'pipework', 'fork-advanced', 'grpc-uds'],
  metrics: Object.entries(KINDS).flatMap(([kind, counts]) =>
    counts.map((count) => point(`${kind}${count}`, `${count}${kind === 'value' ? '' : ` ${kind}`}, MB/s`)),
  ),
  async run({ peer, warmup, quick }) {
    const values = {};
    for (const [kind, counts] of Object.entries(KINDS)) {
      if (kind !== 'value' && !peer.streamKinds?.includes(kind)) continue;
      for (const count of counts) values[`${kind}${count}`] = await rate(peer, kind, count, warmup, quick);
    }
    return values;
  },
};

/** Returns the rate with `count` streams. Each count is warmed up separately. */
async function rate(peer, kind, count, warmup, quick) {
  const first = await timed(peer, kind, count, LEAST);
  const chunks = Math.max(LEAST, Math.min(quick ? MOST / 4 : MOST, 2 ** Math.floor(Math.log2(first.rate))));
  const end = performance.now() + warmup - first.ms;
  while (performance.now() < end) await timed(peer, kind, count, chunks);
  const { rate: chunksPerSecond } = await timed(peer, kind, count, chunks);
  return (chunksPerSecond * CHUNK_BYTES) / MB;
}

/** Moves `chunks` chunks in all. Returns the milliseconds and the chunks a second. */
async function timed(peer, kind, count, chunks) {
  const begin = performance.now();
  await transfer(peer, kind, count, chunks / count);
  const ms = performance.now() - begin;
  return { ms, rate: chunks / (ms / 1000) };
}

async function transfer(peer, kind, count, chunks) {
  const bytes = await peer.byteStreams(count, chunks, kind);
  const expected = count * chunks * CHUNK_BYTES;
  if (bytes !== expected) throw new Error(`${bytes} of ${expected} bytes came`);
}
