// Writes the results of a run: fleet.json (each sample of each round) and fleet.md (the tables).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../lib/loops.mjs';
import { short } from '../report/numbers.mjs';
import { peers, threadPools } from './peers/index.mjs';
import { rowByName } from './rows.mjs';

const OWN = 'pipework';
/** The target for `share`, which is the time of the ideal scheduler divided by the measured time. */
const wantedShare = 0.95;
const judgedShares = ['pool-even', 'pool-even-1ms', 'pool-even-cpu', 'pool-uneven', 'pool-uneven-cpu'];
/** The report shows the versions of these packages. */
const measured = ['jest-worker', 'piscina', 'tinypool', 'workerpool'];

export function writeFleetReport(folder, data) {
  const targets = judge(data);
  const files = {
    'fleet.json': `${JSON.stringify({ ...data, targets }, null, 1)}\n`,
    'fleet.md': markdown(data, targets),
  };
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  });
  return { paths, summary: terminal(data, targets) };
}

/** Returns the values that a peer reached in a row, one for each round. `key` names the figure. */
function valuesOf({ samples }, peer, row, key) {
  return samples
    .filter((sample) => sample.peer === peer && sample.row === row)
    .map((sample) => ({ round: sample.round, value: sample.values[key] }))
    .filter(({ value }) => Number.isFinite(value));
}

function medianOf(data, peer, row, key) {
  const all = valuesOf(data, peer, row, key);
  return all.length === 0 ? undefined : median(all.map(({ value }) => value));
}

/** Divides a peer's time by the fleet's time, for each round in which both were measured. */
function ratiosToOwn(data, peer, row) {
  const own = new Map(valuesOf(data, OWN, row, 'ms').map(({ round, value }) => [round, value]));
  return valuesOf(data, peer, row, 'ms')
    .filter(({ round }) => own.has(round))
    .map(({ round, value }) => value / own.get(round));
}

function judge(data) {
  const targets = [];
  const add = (row, what, wanted, got, isMet, spread) => {
    if (got !== undefined) targets.push({ row, what, wanted, got, isMet, ...(spread && { spread }) });
  };
  for (const row of data.settings.rows) {
    if (judgedShares.includes(row)) {
      const share = medianOf(data, OWN, row, 'share');
      add(row, 'share of the ideal', `≥ ${wantedShare}`, share, share >= wantedShare);
    }
    if (row === 'supervised') {
      for (const [key, what] of [
        ['lone', 'one call at a time, p50 against plain'],
        ['flight', '64 in flight, time of a call against plain'],
        ['work', 'processor time of a call against plain'],
      ]) {
        const got = medianOf(data, OWN, row, key);
        add(row, what, '≤ 1.1', got, got <= 1.1);
      }
      continue;
    }
    if (row === 'restart-spare') {
      const got = medianOf(data, OWN, row, 'ms');
      add(row, 'p50, ms', '< 2', got, got < 2);
      const visible = medianOf(data, OWN, row, 'visible');
      if (got !== undefined)
        add(
          row,
          'p50 without the time until the exit can be seen, ms',
          '< 2',
          got - visible,
          got - visible < 2,
        );
    }
    for (const peer of data.settings.peers) {
      if (peer === OWN || (threadPools.has(peer) && row !== 'pool-recycle')) continue;
      const ratios = ratiosToOwn(data, peer, row);
      if (ratios.length === 0) continue;
      const got = median(ratios);
      add(row, `time of ${peer} over the fleet's`, '≥ 1', got, got >= 1, [
        Math.min(...ratios),
        Math.max(...ratios),
      ]);
    }
  }
  return targets;
}

function markdown(data, targets) {
  const { machine, settings } = data;
  const lines = [
    '# Benchmark results of pools and supervisors',
    '',
    `${machine.runtime}, ${machine.platform}, ${machine.cores} cores (${machine.cpu}), ${machine.date}. ` +
      `${settings.rounds} rounds; took ${machine.seconds} s. Load at the round starts: ${machine.loads.join(', ')}.`,
    '',
    'A cell is the median of the rounds. `share` is the part of the measured time that an ideal scheduler needs ' +
      "for the same tasks. In brackets is the median of the ratios to the fleet's time, each taken within one round. " +
      'How it was measured: [README](../README.md#pools-and-supervisors).',
    '',
    '## Targets',
    '',
    '| row | | wanted | this run | |',
    '| --- | --- | ---: | ---: | --- |',
    ...targets.map(
      ({ row, what, wanted, got, isMet, spread }) =>
        `| ${row} | ${what} | ${wanted} | ${figure(got)}${spread === undefined ? '' : ` (${spread.map(figure).join(' to ')})`} | ${isMet ? 'met' : '**missed**'} |`,
    ),
    '',
  ];
  for (const row of settings.rows) lines.push(...table(data, row));
  lines.push(...reasons(data), '## Who was measured', '', '| peer | what |', '| --- | --- |');
  for (const peer of settings.peers) lines.push(`| ${peer} | ${peers[peer]} |`);
  const versions = measured.map((name) => `${name} ${machine.versions[name]}`);
  lines.push('', `Versions: ${versions.join(', ')}.`, '');
  return lines.join('\n');
}

const columns = {
  ms: 'ms',
  ideal: 'ideal, ms',
  share: 'share',
  cpu: "host's processor time a task, µs",
  replaced: 'workers replaced',
  longest: 'most tasks of one worker',
  worst: 'slowest, ms',
  visible: 'until an exit is seen, ms',
  lone: 'one call at a time, p50',
  flight: '64 in flight, time of a call',
  work: 'processor time of a call',
};

function table(data, row) {
  const { samples, settings, failures } = data;
  const keys = Object.keys(columns).filter((key) =>
    samples.some((sample) => sample.row === row && sample.values[key] !== undefined),
  );
  if (keys.length === 0) return [];
  const lines = [
    `## ${row}: ${rowByName.get(row).title}`,
    '',
    `| peer | ${keys.map((key) => columns[key]).join(' | ')} |`,
    `| --- | ${keys.map(() => '---:').join(' | ')} |`,
  ];
  for (const peer of settings.peers) {
    const cells = keys.map((key) => {
      const value = medianOf(data, peer, row, key);
      if (value === undefined)
        return failures.some((failure) => failure.peer === peer && failure.row === row) ? 'failed' : '–';
      const ratios = key === 'ms' ? ratiosToOwn(data, peer, row) : [];
      return `${figure(value)}${ratios.length === 0 ? '' : ` (${figure(median(ratios))})`}`;
    });
    if (row === 'supervised' && peer !== OWN) continue;
    lines.push(`| ${peer === OWN ? `**${peer}**` : peer} | ${cells.join(' | ')} |`);
  }
  return [...lines, ''];
}

/** Shows three decimals of a number below 2, because shares are compared with 0.95. */
const figure = (value) => (Math.abs(value) < 2 ? value.toFixed(3) : short(value));

function reasons({ skipped, failures }) {
  const lines = [];
  for (const [peer, left] of Object.entries(skipped))
    for (const [row, reason] of Object.entries(left)) lines.push(`- ${peer}, ${row}: ${reason}`);
  const told = new Map();
  for (const { peer, row, message } of failures) {
    const line = `- ${peer}, ${row}: ${message.split('\n').join(' ')}`;
    told.set(line, (told.get(line) ?? 0) + 1);
  }
  for (const [line, rounds] of told) lines.push(`${line} (rounds: ${rounds})`);
  return lines.length === 0 ? [] : ['## Where there is no figure', '', ...lines, ''];
}

function terminal(data, targets) {
  const { settings } = data;
  const lines = [];
  for (const row of settings.rows.filter((name) => name !== 'supervised')) {
    const cells = settings.peers.map((peer) => {
      const ms = medianOf(data, peer, row, 'ms');
      const share = medianOf(data, peer, row, 'share');
      return `${peer} ${ms === undefined ? '-' : figure(ms)}${share === undefined ? '' : ` (${share.toFixed(3)})`}`;
    });
    lines.push(`${row.padEnd(16)} ${cells.join('  ')}`);
  }
  lines.push('', `Targets: ${targets.filter(({ isMet }) => isMet).length} of ${targets.length} met`);
  for (const { row, what, wanted, got, isMet } of targets)
    lines.push(
      `  ${isMet ? 'met   ' : 'MISSED'} ${row.padEnd(16)} ${what}: ${figure(got)} (wanted ${wanted})`,
    );
  return lines.join('\n');
}
