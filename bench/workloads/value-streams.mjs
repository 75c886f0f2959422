// Reads many streams of bytes from plugin to host at the same time. The result is the rate of all streams
// together. The floor sends the same chunks one after another through its one pipe.
import { median } from '../lib/loops.mjs';
import { CHUNK_BYTES } from '../lib/values.mjs';

const MB = 1e6;
/**
 * The smallest and the largest number of chunks that one transfer has in all its streams together. Between
 * these bounds, a transfer has as many chunks as the peer can send in about a second.
 */
const LEAST = 256;
const MOST = 4096;
/**
 * How many transfers warm each point up, and how many are measured after that. A point is a combination of a
 * kind and a number of streams.
 */
const WARM_UP_TURNS = 4;
const MEASURED_TURNS = 3;

const point = (key, title) => ({ key, title, unit: 'MB/s', better: 'high' });

/** How many streams are read at the same time. The chart shows the first of these counts. */
const COUNTS = [64, 16, 4, 1];

/**
 * The kinds of streams, and the numbers of streams for each kind. A stream of the kind `value` is an async
 * generator, and `web` is a ReadableStream. `raw` is a stream of the broker, which carries bytes without
 * messages.
 */
const KINDS = { value: COUNTS, web: [64, 1], raw: [64, 1] };

export const manyValueStreams = {
  name: 'many-value-streams',
  title: 'many streams of bytes, read at the same time',
  group: 'value-streams',
  cores: 'two',
  needs: 'byteStreams',
  peers: ['floor', 'pipework', 'fork-advanced', 'grpc-uds'],
  metrics: Object.entries(KINDS).flatMap(([kind, counts]) =>
    counts.map((count) => point(`${kind}${count}`, `${count}${kind === 'value' ? '' : ` ${kind}`}, MB/s`)),
  ),
  async run({ peer, quick }) {
    const points = Object.entries(KINDS)
      .filter(([kind]) => kind === 'value' || peer.streamKinds?.includes(kind))
      .flatMap(([kind, counts]) => counts.map((count) => ({ kind, count, chunks: LEAST, rates: [] })));
    // The points take turns, because V8 compiles more code during each transfer. If each point were finished
    // before the next one began, the last point would run the fastest code.
    for (let turn = 0; turn < (quick ? 2 : WARM_UP_TURNS + MEASURED_TURNS); turn += 1)
      for (const point of points) await transferOnce(peer, point, quick);
    return Object.fromEntries(
      points.map(({ kind, count, rates }) => [`${kind}${count}`, median(rates.slice(-MEASURED_TURNS))]),
    );
  },
};

/**
 * Makes one transfer of a point. Notes its rate in MB a second, and computes the number of chunks for the
 * next transfer of this point.
 */
async function transferOnce(peer, point, quick) {
  const { kind, count, chunks } = point;
  const begin = performance.now();
  await transfer(peer, kind, count, chunks / count);
  const chunksPerSecond = chunks / ((performance.now() - begin) / 1000);
  point.rates.push((chunksPerSecond * CHUNK_BYTES) / MB);
  const most = quick ? MOST / 4 : MOST;
  point.chunks = Math.max(LEAST, Math.min(most, 2 ** Math.floor(Math.log2(chunksPerSecond))));
}

async function transfer(peer, kind, count, chunks) {
  const bytes = await peer.byteStreams(count, chunks, kind);
  const expected = count * chunks * CHUNK_BYTES;
  if (bytes !== expected) throw new Error(`${bytes} of ${expected} bytes came`);
}
