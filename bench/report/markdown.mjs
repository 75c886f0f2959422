// Writes the results as Markdown.
import { peers, threadPeers } from '../peers/index.mjs';
import { workloadByName } from '../workloads/index.mjs';
import { muxTable, titles as muxTitles } from './mux.mjs';
import { nodeTables, ofNode } from './nodes.mjs';
import { bytes, micros, short } from './numbers.mjs';
import { judge } from './targets.mjs';

const MOST_COLUMNS = 6;

export function markdown(data, summary, targets) {
  const { machine, settings } = data;
  const lines = [
    '# Benchmark results',
    '',
    `${machine.runtime}, ${machine.platform}, ${machine.cores} cores (${machine.cpu}), ${machine.date}. ` +
      `${settings.rounds} rounds, ${settings.time} ms a workload; took ${machine.seconds} s. ` +
      `Load at the round starts: ${machine.loads.join(', ')} (the benchmark itself causes about 1.3 of it).` +
      (machine.pinned
        ? ''
        : ' **Nothing was pinned to cores, because there is no taskset or only one core.**'),
    '',
    'A cell is the median of the rounds. ' +
      'The figure in brackets is the median of the ratios to the floor, each taken within one round. ' +
      'How it was measured: [README](../README.md).',
    '',
    ...(targets.length > 0 ? targetTable(targets, data.nodes) : []),
    ...nodeTables(data, summary),
    ...cellTables(settings, summary, data.skipped, data.failures),
    ...curveTables(settings, summary),
    ...(data.mux === undefined ? [] : muxTable(data.mux)),
    ...reasons(data),
    '## Who was measured',
    '',
    '| peer | what |',
    '| --- | --- |',
    ...settings.peers.map((peer) => `| ${peer} | ${peers[peer]} |`),
    '',
    `Versions: ${Object.entries(machine.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    '',
  ];
  return lines.join('\n');
}

/** Returns the table of the targets. Each other version of Node has a column with its own results. */
function targetTable(targets, nodes = []) {
  const judged = nodes.map((node) => ({ version: node.version, rows: judge(...ofNode(node)) }));
  const there = ({ workload, what }) =>
    judged.map(({ rows }) => {
      const row = rows.find((one) => one.workload === workload && one.what === what);
      if (row === undefined) return ' |';
      return ` ${row.got}${row.met ? '' : ' **missed**'} |`;
    });
  return [
    '## Targets',
    '',
    `| workload | | wanted | this run | |${judged.map(({ version }) => ` ${version} |`).join('')}`,
    `| --- | --- | ---: | ---: | --- |${judged.map(() => ' ---: |').join('')}`,
    ...targets.map(
      ({ workload, what, wanted, got, met }) =>
        `| ${workloadByName.get(workload)?.title ?? muxTitles[workload]} | ${what} | ${wanted} | ${got} | ${met ? 'met' : '**missed**'} |${there({ workload, what }).join('')}`,
    ),
    '',
  ];
}

function cellTables(settings, summary, skipped, failures) {
  const lines = [];
  for (const names of inPairs(
    settings.workloads.filter((name) => workloadByName.get(name).group !== 'curve'),
  )) {
    const columns = names.flatMap((name) =>
      workloadByName
        .get(name)
        .metrics.map((metric) => ({ name, metric, workload: workloadByName.get(name) })),
    );
    lines.push(`## ${names.map((name) => workloadByName.get(name).title).join('; ')}`, '');
    lines.push(
      `| peer | ${columns.map(({ workload, metric }) => `${workload.name}: ${metric.title}${unitOf(metric)}`).join(' | ')} |`,
    );
    lines.push(`| --- | ${columns.map(() => '---:').join(' | ')} |`);
    for (const peer of settings.peers) {
      const cells = columns.map(({ name, metric }) => {
        const cell = summary[peer][name]?.[metric.key];
        if (cell?.value !== undefined) return `${short(cell.value)}${ratio(cell)}`;
        if (failures.some((failure) => failure.peer === peer && failure.workload === name)) return 'failed';
        return skipped[peer]?.[name] === undefined && !(threadPeers.has(peer) && name === 'idle')
          ? '-'
          : '– ';
      });
      lines.push(`| ${peer === 'pipework' ? '**pipework**' : peer} | ${cells.join(' | ')} |`);
    }
    lines.push('');
  }
  return lines;
}

/**
 * Returns the unit, to be added to the title of a column. It is empty for rates, because their titles contain
 * the unit.
 */
const unitOf = (metric) => (metric.unit === '/s' || metric.unit === 'MB/s' ? '' : `, ${metric.unit}`);
const ratio = (cell) => (cell.ratio === undefined ? '' : ` (${cell.ratio.toFixed(2)})`);

/**
 * Groups the workloads for tables: two neighbours share a table if the columns of both fit the width of a
 * page.
 */
function inPairs(names) {
  const columnsOf = (name) => workloadByName.get(name).metrics.length;
  const pairs = [];
  for (const name of names) {
    const last = pairs.at(-1);
    if (last?.length === 1 && columnsOf(last[0]) + columnsOf(name) <= MOST_COLUMNS) last.push(name);
    else pairs.push([name]);
  }
  return pairs;
}

function curveTables(settings, summary) {
  const lines = [];
  for (const name of settings.workloads) {
    const workload = workloadByName.get(name);
    const measured = settings.peers.filter((peer) => summary[peer][name] !== undefined);
    if (workload.group !== 'curve' || measured.length === 0) continue;
    const xs = summary[measured[0]][name].points.points.map(([x]) => x);
    const label = workload.axis === 'bytes' ? bytes : String;
    const figure = workload.metrics[0].unit === 'µs' ? micros : short;
    lines.push(`## ${workload.title}`, '');
    lines.push(
      `| ${workload.axis} | ${measured.join(' | ')} |`,
      `| --- | ${measured.map(() => '---:').join(' | ')} |`,
    );
    xs.forEach((x, i) => {
      lines.push(
        `| ${label(x)} | ${measured.map((peer) => figure(summary[peer][name].points.points[i]?.[1])).join(' | ')} |`,
      );
    });
    lines.push('');
  }
  return lines;
}

function reasons({ skipped, failures, settings }) {
  const lines = [];
  for (const [peer, left] of Object.entries(skipped)) {
    for (const [workload, reason] of Object.entries(left)) {
      if (workloadByName.get(workload).group !== 'curve') lines.push(`- ${peer}, ${workload}: ${reason}`);
    }
  }
  if (settings.workloads.includes('idle') && settings.peers.some((peer) => threadPeers.has(peer))) {
    lines.push('- worker-port, comlink, piscina, idle: a thread has no resident memory of its own');
  }
  if (lines.length > 0) lines.unshift('## Where there is a dash', '');
  if (failures.length > 0) {
    lines.push('', '## Failures', '');
    for (const { round, peer, workload, message } of failures) {
      lines.push(`- ${peer}, ${workload}, round ${round + 1}: ${message.split('\n').join(' ')}`);
    }
  }
  return lines.length > 0 ? [...lines, ''] : [];
}
