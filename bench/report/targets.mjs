// Lists the targets of pipework, and judges whether a run reaches them.
import { median } from '../lib/loops.mjs';
import { threadPeers } from '../peers/index.mjs';
import { ratioBetween } from './summary.mjs';

const processPeers = (data) =>
  data.settings.peers.filter((peer) => peer !== 'floor' && peer !== 'pipework' && !threadPeers.has(peer));

/**
 * Each target has `workload`, `metric`, and one of the following fields. `floor` is a limit of the ratio to
 * the floor. With `low`, it is the largest allowed ratio, otherwise the smallest. `over` lists other peers,
 * and `by` is the required ratio to the best of them. `value` is a limit of the figure itself. `own` names
 * another figure of pipework, and `by` is the required ratio to that figure. A target of the mux has `work`
 * and `mux` in place of `workload` and `metric`. `mux` names the candidate that is judged.
 */
const targets = [
  { workload: 'lone', metric: 'p50', floor: 1.25, low: true },
  { workload: 'lone', metric: 'p99', floor: 1.5, low: true },
  { workload: 'lone', metric: 'p50', over: ['fork-json'], by: 1, low: true },
  { workload: 'flight-64', metric: 'rate', floor: 0.42 },
  { workload: 'flight-64', metric: 'rate', over: ['fork-json'], by: 1.7 },
  { workload: 'flight-64', metric: 'rate', over: ['worker-port'], by: 1.3 },
  { workload: 'flight-64', metric: 'rate', over: ['birpc-fork', 'birpc-pipe', 'capnweb-pipe'], by: 3 },
  { workload: 'flight-1000', metric: 'rate', floor: 0.36 },
  { workload: 'flight-1000', metric: 'rate', over: 'processes', by: 1.5 },
  { workload: 'records', metric: 'rate', floor: 0.18 },
  { workload: 'records', metric: 'rate', over: ['fork-json'], by: 2 },
  { workload: 'records', metric: 'rate', over: ['fork-advanced'], by: 3 },
  { workload: 'binary-1m', metric: 'rate', floor: 0.75 },
  { workload: 'binary-1m', metric: 'rate', over: ['fork-advanced', 'execa-ipc'], by: 1 },
  { workload: 'binary-64m', metric: 'growth', value: 160, unit: 'MiB', low: true },
  { workload: 'stream', metric: 'rate', floor: 0.25 },
  { workload: 'stream', metric: 'rate', over: ['fork-json'], by: 2.5 },
  { workload: 'callbacks', metric: 'rate', own: ['flight-64', 'rate'], by: 1 / 1.3 },
  { workload: 'start', metric: 'ms', floor: 1.35, low: true },
  {
    workload: 'start',
    metric: 'ms',
    over: ['vscode-jsonrpc', 'capnweb-pipe', 'mcp-stdio', 'grpc-uds'],
    by: 1,
    low: true,
  },
  { workload: 'idle', metric: 'rss', floor: 1.15, low: true },
  { workload: 'first-host', metric: 'ms', over: ['fork-json'], by: 1.6, low: true },
  { workload: 'first-host', metric: 'own', over: ['fork-json'], by: 2, low: true },
  { workload: 'import-plugin', metric: 'cpu', floor: 1.18, low: true },
  { workload: 'small-heap-1m', metric: 'rate', floor: 0.75 },
  { workload: 'small-heap-1m', metric: 'rate', over: ['fork-advanced'], by: 1 },
  { workload: 'many-value-streams', metric: 'value64', own: ['many-value-streams', 'value1'], by: 0.9 },
  { workload: 'many-value-streams', metric: 'value64', own: ['many-value-streams', 'raw64'], by: 0.7 },
  { workload: 'many-value-streams', metric: 'web64', own: ['many-value-streams', 'web1'], by: 0.9 },
  { workload: 'many-value-streams', metric: 'web64', own: ['many-value-streams', 'raw64'], by: 0.7 },
  { workload: 'lone-free', metric: 'p99', over: ['fork-json'], by: 1.5, low: true },
  // If a plugin calls a function of the host, pipework runs it in the asynchronous context in which the host
  // passed it. Before pipework did this, `flight-64` took 1.08 × the processor time of the floor. `context`
  // makes the same calls, and may take 1 % more.
  { workload: 'context', metric: 'callNone', floor: 1.08 * 1.01, low: true },
  { workload: 'context', metric: 'callTimes', floor: 1.1, low: true },
  { work: 'duplex-bulk', mux: 'pipework-duplex', over: ['raw'], by: 0.9 },
  { work: 'duplex-bulk', mux: 'pipework-duplex', over: ['libp2p', 'chainsafe', 'yamux-js'], by: 1 },
  { work: 'cold-streams', mux: 'pipework-duplex', over: ['libp2p'], by: 3 },
  { work: 'cold-streams', mux: 'pipework', over: ['libp2p'], by: 3 },
];

/** Returns rows of { workload, what, wanted, got, met } for the targets that this run can judge. */
export function judge(data, summary) {
  return targets.flatMap((target) =>
    target.work === undefined ? judgeOne(data, summary, target) : judgeMux(data.mux?.[target.work], target),
  );
}

/** `rates` has a list for each candidate: the rate of each round, or null if the round failed. */
function judgeMux(rates, { work, mux, over, by }) {
  if (rates?.[mux] === undefined) return [];
  const ratios = over.flatMap((name) => {
    const known = rates[mux].map((rate, round) => rate / rates[name]?.[round]);
    const good = known.filter((ratio) => Number.isFinite(ratio) && ratio > 0);
    return good.length > 0 ? [{ name, ratio: median(good) }] : [];
  });
  if (ratios.length === 0) return [];
  const [{ name, ratio }] = ratios.toSorted((a, b) => a.ratio - b.ratio);
  const among = ratios.length > 1 ? ` (the nearest of ${ratios.length})` : '';
  return [
    {
      workload: work,
      what: `${mux} against ${name === 'raw' ? 'the bare pipes' : name}${among}`,
      wanted: `≥ ${round(by)} ×`,
      got: `${round(ratio)} ×`,
      met: ratio >= by,
    },
  ];
}

function judgeOne(data, summary, { workload, metric, low = false, by, ...target }) {
  const cell = summary.pipework?.[workload]?.[metric];
  if (cell?.value === undefined) return [];
  const bound = (wanted) => `${low ? '≤' : '≥'} ${round(wanted)}`;
  const row = (what, wanted, got, text = `${round(got)} ×`) =>
    got === undefined
      ? []
      : [{ workload, what, wanted, got: text, met: low ? got <= wanted : got >= wanted }];
  if (target.value !== undefined) {
    const rows = row(`${metric}, ${target.unit}`, target.value, cell.value, `${Math.round(cell.value)}`);
    return rows.map((entry) => ({ ...entry, wanted: bound(target.value) }));
  }
  if (target.floor !== undefined) {
    return row(`${metric} against the floor`, target.floor, cell.ratio).map((entry) => ({
      ...entry,
      wanted: `${bound(target.floor)} ×`,
    }));
  }
  if (target.own !== undefined) {
    const got = ratioBetween(data, ['pipework', workload, metric], ['pipework', ...target.own]);
    const name = target.own[0] === workload ? target.own[1] : target.own[0];
    return row(`${metric} against its own ${name}`, by, got).map((entry) => ({
      ...entry,
      wanted: `${bound(by)} ×`,
    }));
  }
  const others = target.over === 'processes' ? processPeers(data) : target.over;
  const ratios = others
    .map((peer) => ({
      peer,
      ratio: ratioBetween(data, ['pipework', workload, metric], [peer, workload, metric]),
    }))
    .filter(({ ratio }) => ratio !== undefined);
  if (ratios.length === 0) return [];
  ratios.sort((a, b) => (low ? b.ratio - a.ratio : a.ratio - b.ratio));
  const [{ peer, ratio }] = ratios; // the strongest peer
  const among = ratios.length > 1 ? ` (the nearest of ${ratios.length})` : '';
  return row(`${metric} against ${peer}${among}`, by, ratio).map((entry) => ({
    ...entry,
    wanted: `${bound(by)} ×`,
  }));
}

const round = (value) => String(Number(value.toFixed(2)));
