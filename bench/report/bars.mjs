// Draws the chart of the workloads. Each workload has a panel, with a bar for each peer and a dashed line for
// the floor. The best peer is at the top.
import { threadPeers } from '../peers/index.mjs';
import { workloadByName } from '../workloads/index.mjs';
import { short } from './numbers.mjs';
import { WIDTH, colors, document, line, rect, text } from './svg.mjs';

const COLUMNS = 3;
const ROW = 17;
const LABEL = 104;
const VALUE = 62;
const GAP = 24;
const PANEL = (WIDTH - GAP * (COLUMNS + 1)) / COLUMNS;

export function barChart({ settings, machine }, summary) {
  const panels = settings.workloads
    .map((name) => workloadByName.get(name))
    .filter((workload) => workload.group !== 'curve')
    .map((workload) => ({ workload, rows: rowsOf(workload, settings, summary) }))
    .filter(({ rows }) => rows.length > 0);
  const height = 48 + Math.max(...panels.map(({ rows }) => rows.length), 1) * ROW;
  const top = 78;
  const parts = [
    text(GAP, 30, 'pipework beside what it replaces', { size: 18, weight: 600 }),
    text(
      GAP,
      50,
      `${machine.runtime}, ${machine.cores} cores, median of ${settings.rounds} rounds; the dashed line is the floor (two processes, raw pipes, no codec)`,
      { fill: colors.quiet },
    ),
    ...legend(WIDTH - GAP, 30),
  ];
  panels.forEach(({ workload, rows }, i) => {
    const x = GAP + (i % COLUMNS) * (PANEL + GAP);
    const y = top + Math.floor(i / COLUMNS) * height;
    parts.push(...panel(x, y, workload, rows));
  });
  return document(top + Math.ceil(panels.length / COLUMNS) * height, parts, 'pipework benchmark');
}

function rowsOf(workload, settings, summary) {
  const [metric] = workload.metrics;
  const rows = settings.peers
    .map((peer) => ({ peer, value: summary[peer][workload.name]?.[metric.key]?.value }))
    .filter(({ value }) => value !== undefined);
  return rows.sort((a, b) => (metric.better === 'low' ? a.value - b.value : b.value - a.value));
}

function panel(x, y, workload, rows) {
  const [metric] = workload.metrics;
  const room = PANEL - LABEL - VALUE;
  // One slow peer must not make all other bars too short to see. The bar of such a peer is cut, but its
  // number is shown.
  const cut =
    metric.better === 'low'
      ? Math.min(rows.at(-1).value, rows[Math.floor(rows.length / 2)].value * 4)
      : rows[0].value;
  const scale = (value) => (Math.min(value, cut) / cut) * room;
  const hint = metric.better === 'low' ? 'less is better' : 'more is better';
  const parts = [
    text(x, y + 10, workload.title, { size: 13, weight: 600 }),
    text(
      x,
      y + 25,
      `${metric.title}${metric.unit === 'µs' || metric.unit === 'ms' || metric.unit === 'MiB' ? `, ${metric.unit}` : ''}; ${hint}`,
      { fill: colors.quiet, size: 11 },
    ),
  ];
  const begin = y + 32;
  rows.forEach(({ peer, value }, i) => {
    const at = begin + i * ROW;
    const own = peer === 'pipework';
    parts.push(text(x + LABEL - 8, at + 12, peer, { anchor: 'end', size: 11, weight: own ? 700 : 400 }));
    parts.push(rect(x + LABEL, at + 2, scale(value), ROW - 5, colorOf(peer)));
    parts.push(
      text(x + LABEL + scale(value) + 5, at + 12, value > cut ? `${short(value)} …` : short(value), {
        size: 11,
        weight: own ? 700 : 400,
      }),
    );
  });
  const floor = rows.find(({ peer }) => peer === 'floor');
  if (floor !== undefined) {
    const at = x + LABEL + scale(floor.value);
    parts.push(line(at, begin, at, begin + rows.length * ROW, colors.floor, '3 3'));
  }
  return parts;
}

function colorOf(peer) {
  if (peer === 'floor') return colors.floor;
  if (peer === 'pipework') return colors.ours;
  return threadPeers.has(peer) ? colors.thread : colors.process;
}

function legend(right, y) {
  const entries = [
    ['pipework', colors.ours],
    ['a process of its own', colors.process],
    ['a thread', colors.thread],
    ['floor', colors.floor],
  ];
  const parts = [];
  let x = right - 410;
  for (const [label, fill] of entries) {
    parts.push(rect(x, y - 9, 10, 10, fill), text(x + 15, y, label));
    x += 34 + label.length * 6.4;
  }
  return parts;
}
