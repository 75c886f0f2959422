// Writes the table in the project's README from the results of a whole run. The rows in which another tool
// wins come first.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { threadPeers } from '../peers/index.mjs';
import { workloadByName } from '../workloads/index.mjs';
import { short } from './numbers.mjs';

const columns = {
  floor: 'floor',
  pipework: 'pipework',
  'fork-json': 'fork (JSON)',
  'fork-advanced': 'fork (advanced)',
  'worker-port': 'worker `MessagePort`',
  'birpc-pipe': 'birpc over pipes',
  'capnweb-pipe': 'capnweb over pipes',
  'mcp-stdio': 'MCP SDK',
  'grpc-uds': 'grpc-js',
};

/** The rows of the table. Each has a workload, a metric, and the name of the row in the README. */
const rows = [
  ['first-host', 'ms', 'a fresh host with one answer, ms'],
  ['start', 'ms', 'start to first answer, ms'],
  ['lone', 'p50', 'one call at a time, p50, µs'],
  ['lone-free', 'p99', 'one call at a time, not pinned, p99, µs'],
  ['binary-1m', 'rate', '1 MiB of bytes each way, MB/s'],
  ['small-heap-1m', 'rate', 'the same in a host with a small heap, MB/s'],
  ['binary-64m', 'ms', '64 MiB of bytes each way, ms'],
  ['idle', 'rss', 'idle plugin, MiB resident'],
  ['flight-64', 'rate', '64 calls in flight, one core, calls/s'],
  ['flight-1000', 'rate', '1,000 calls in flight, calls/s'],
  ['objects', 'rate', '64 calls with an object each way, calls/s'],
  ['records', 'rate', '1,000 records each way, calls/s'],
  ['stream', 'rate', 'stream of small items, items/s'],
  ['many-value-streams', 'value64', '64 streams of bytes at once, MB/s'],
  ['callbacks', 'rate', 'calls back to the host, calls/s'],
];

/** Returns the README with its table replaced. Throws if the README has none. */
export async function withTable(readme, summary, path) {
  const table = /^\| +\| floor \|.*\n(?:\|.*\n)+/m;
  if (!table.test(readme)) throw new Error('the README has no table that begins with a column "floor"');
  const text = readme.replace(table, () => `${tableOf(summary).join('\n')}\n`);
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}

export async function writeReadme(path, summary) {
  writeFileSync(path, await withTable(readFileSync(path, 'utf8'), summary, path));
}

function tableOf(summary) {
  const shown = rows
    .filter(([workload, metric]) => summary.pipework[workload]?.[metric]?.value !== undefined)
    .map((row) => ({ row, lead: leadOf(summary, row) }));
  // The sort is stable, so the rows in which pipework wins keep their order.
  shown.sort((a, b) => Math.max(b.lead, 1) - Math.max(a.lead, 1));
  return [
    `| | ${Object.values(columns).join(' | ')} |`,
    `| --- |${Object.keys(columns)
      .map(() => ' ---: |')
      .join('')}`,
    ...shown.map(({ row }) => lineOf(summary, row)),
  ];
}

/**
 * Returns the factor by which the best of the other peers is ahead of pipework. If pipework is ahead, the
 * factor is below 1.
 */
function leadOf(summary, [workload, metric]) {
  const { better } = workloadByName.get(workload).metrics.find(({ key }) => key === metric);
  const own = summary.pipework[workload][metric].value;
  const others = Object.keys(columns)
    .filter((peer) => peer !== 'floor' && peer !== 'pipework')
    .map((peer) => summary[peer]?.[workload]?.[metric]?.value)
    .filter((value) => value !== undefined);
  return Math.max(0, ...others.map((value) => (better === 'low' ? own / value : value / own)));
}

function lineOf(summary, [workload, metric, label]) {
  const cells = Object.keys(columns).map((peer) => {
    const value = summary[peer]?.[workload]?.[metric]?.value;
    if (value === undefined) return workload === 'idle' && threadPeers.has(peer) ? 'a thread' : '–';
    return peer === 'pipework' ? `**${short(value)}**` : short(value);
  });
  return `| ${label} | ${cells.join(' | ')} |`;
}
