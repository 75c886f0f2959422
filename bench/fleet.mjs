// Measures pools and supervisors. Each kind of measurement is called a row (fleet/rows.mjs). In each round, a
// new host process is started for each row and each peer. In the end, this program writes fleet.md and
// fleet.json into bench/results, or into bench/results/partial if `--quick`, `--peers` or `--rows` is given.
//
//   node bench/fleet.mjs [--rounds 5] [--peers pipework,fork] [--rows pool-even,restart] [--quick]
//                        [--out FOLDER]
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { peerNames } from './fleet/peers/index.mjs';
import { writeFleetReport } from './fleet/report.mjs';
import { rows } from './fleet/rows.mjs';
import { compute } from './fleet/task.mjs';
import { describeMachine, loadNow } from './lib/machine.mjs';
import { runTask } from './lib/run-host.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    peers: { type: 'string' },
    rows: { type: 'string' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const { quick } = values;
const rounds = Number(values.rounds ?? (quick ? 1 : 5));
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`--rounds must be a positive integer, not "${values.rounds}"`);
const chosenPeers = choose('--peers', values.peers, peerNames);
const chosenRows = choose(
  '--rows',
  values.rows,
  rows.map(({ name }) => name),
);

const here = fileURLToPath(new URL('.', import.meta.url));
const host = fileURLToPath(new URL('fleet/host.mjs', import.meta.url));
const isWhole = !quick && values.peers === undefined && values.rows === undefined;
const out = values.out ?? join(here, isWhole ? 'results' : 'results/partial');
const machine = describeMachine();
const steps = stepsOfMillisecond();
console.log(
  `${machine.runtime}, ${machine.cores} cores (${machine.cpu}), load ${loadNow()}, ${rounds} rounds`,
);

const samples = []; // { round, peer, row, values }
const skipped = {}; // peer -> row -> reason
const failures = []; // { round, peer, row, message }
const loads = [];
const began = performance.now();
for (let round = 0; round < rounds; round += 1) {
  loads.push(loadNow());
  console.log(`round ${round + 1}/${rounds}, load ${loads.at(-1)}`);
  for (const row of chosenRows) {
    const from = performance.now();
    process.stdout.write(`  ${row.padEnd(18)}`);
    // In every other round the peers run in reverse order, so that a drift of the machine affects all peers
    // alike.
    for (const peer of round % 2 === 0 ? chosenPeers : chosenPeers.toReversed())
      await measure(round, row, peer);
    console.log(` ${((performance.now() - from) / 1000).toFixed(1)} s`);
  }
}

mkdirSync(out, { recursive: true });
const seconds = Math.round((performance.now() - began) / 1000);
const settings = { rounds, quick, steps, peers: chosenPeers, rows: chosenRows };
const report = writeFleetReport(out, {
  machine: { ...machine, loads, seconds },
  settings,
  samples,
  skipped,
  failures,
});
console.log(`\n${report.summary}`);
console.log(
  `wrote ${report.paths.map((path) => relative(process.cwd(), path)).join(', ')} after ${seconds} s`,
);

async function measure(round, row, peer) {
  const { results, skipped: left, failed } = await runTask(host, { peer, row, steps, quick }, row);
  for (const measured of Object.values(results)) samples.push({ round, peer, row, values: measured });
  skipped[peer] = { ...skipped[peer], ...left };
  for (const message of Object.values(failed)) {
    failures.push({ round, peer, row, message });
    process.stdout.write(` [${peer}: ${message}]`);
  }
}

/**
 * Returns the number of computing steps that take a millisecond. It is measured only once, so that all peers
 * do the same number of steps.
 */
function stepsOfMillisecond() {
  const tried = 200_000;
  const times = Array.from({ length: 40 }, (_, n) => {
    const from = performance.now();
    compute(n, tried);
    return performance.now() - from;
  });
  // Use the shortest time, because other work of the machine can only add time.
  return Math.round(tried / Math.min(...times));
}

function choose(option, given, known) {
  if (given === undefined) return known;
  const names = given.split(',').filter(Boolean);
  for (const name of names)
    if (!known.includes(name))
      throw new Error(`${option}: unknown name "${name}"; known are ${known.join(', ')}`);
  return names;
}
