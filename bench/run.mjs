// Runs the whole benchmark. In each round, every peer gets a new host process for each group of workloads. In
// the end, this program writes the tables, the charts and the numbers.
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine, loadNow } from './lib/machine.mjs';
import { findNodes } from './lib/nodes.mjs';
import { readOptions, usage } from './lib/options.mjs';
import { runHost, runMux } from './lib/run-host.mjs';
import { peers } from './peers/index.mjs';
import { works } from './mux/works.mjs';
import { nodePeers, nodeWorkloads, workloads, workloadByName } from './workloads/index.mjs';
import { writeReport } from './report/write.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const options = readOptions(process.argv.slice(2));
if (options.help) {
  console.log(usage);
  process.exit();
}
if (options.list) {
  console.log('peers:');
  for (const [name, what] of Object.entries(peers)) console.log(`  ${name.padEnd(16)}${what}`);
  console.log('workloads, and those of the mux alone:');
  for (const { name, title } of [...workloads, ...works]) console.log(`  ${name.padEnd(20)}${title}`);
  process.exit();
}

const machine = describeMachine();
console.log(`${machine.runtime}, ${machine.cores} cores (${machine.cpu}), load ${loadNow()}`);
console.log(
  `rounds ${options.rounds}, ${options.time} ms a workload after ${options.warmup} ms of warming up`,
);

const samples = []; // { round, peer, workload, values }
const skipped = {}; // peer -> workload -> reason
const failures = []; // { round, peer, workload, message }
const loads = [];
const began = performance.now();

await measureRounds(options.rounds, options.peers, options.workloads, {}, (round, peer, results) => {
  for (const [workload, values] of Object.entries(results.results))
    samples.push({ round, peer, workload, values });
  for (const [workload, message] of Object.entries(results.failed))
    failures.push({ round, peer, workload, message });
  skipped[peer] = { ...skipped[peer], ...results.skipped };
});
const nodes = [];
if (options.nodes.length > 0) {
  const wanted = nodeWorkloads.filter((name) => options.workloads.includes(name));
  const peersThere = nodePeers.filter((name) => options.peers.includes(name));
  for (const { version, path } of findNodes(options.nodes, console.log))
    nodes.push({ version, path, samples: [], peers: peersThere, workloads: wanted });
  for (let round = 0; round < Math.min(2, options.rounds); round++) {
    for (const node of inOrder(nodes, round)) {
      const { version, path } = node;
      await measureRounds(1, peersThere, wanted, { node: path, from: round, label: version }, keepIn(node));
    }
  }
}

const mux = options.muxWorks.length > 0 ? await runMux(options.rounds, options.muxWorks) : undefined;
const out = options.out ?? join(here, options.folder);
const seconds = Math.round((performance.now() - began) / 1000);
const { rounds, time, warmup, quick } = options;
const settings = { rounds, time, warmup, quick, peers: options.peers, workloads: options.workloads };
const files = await writeReport(out, {
  machine: { ...machine, loads, seconds },
  settings,
  samples,
  skipped,
  failures,
  mux,
  readme: options.isWhole ? join(here, '..', 'README.md') : undefined,
  nodes: nodes.map(({ path: _path, ...node }) => node),
});
console.log(`\n${files.summary}`);
console.log(
  `wrote ${files.paths.map((path) => relative(process.cwd(), path)).join(', ')} after ${seconds} s`,
);
if (failures.length > 0) process.exitCode = 1;

/**
 * Measures all peers in each round, and passes the results of each host process to `take`. In every other
 * round the peers run in reverse order.
 */
async function measureRounds(rounds, names, wanted, { node, from = 0, label = '' }, take) {
  for (let round = from; round < from + rounds; round++) {
    if (node === undefined) loads.push(loadNow());
    for (const peer of inOrder(names, round)) {
      process.stdout.write(`round ${round + 1}/${options.rounds}  ${label.padEnd(10)}${peer.padEnd(16)}`);
      const before = performance.now();
      for (const group of groupsFor(peer, round, wanted)) {
        const results = await runHost({ ...options, node, peer, workloads: group });
        take(round, peer, results);
        for (const message of Object.values(results.failed)) process.stdout.write(` [${message}]`);
      }
      console.log(` ${((performance.now() - before) / 1000).toFixed(1)} s`);
    }
  }
}

/**
 * Returns a function that keeps the samples of another version of Node. A failure under that version is
 * printed, and leaves an empty cell.
 */
function keepIn(node) {
  return (round, peer, { results }) => {
    for (const [workload, values] of Object.entries(results))
      node.samples.push({ round, peer, workload, values });
  };
}

/**
 * Returns the names in their order, reversed in every other round, so that a drift of the machine affects all
 * peers alike.
 */
function inOrder(names, round) {
  return round % 2 === 0 ? names : names.toReversed();
}

/**
 * Returns the workloads that a peer runs in a round, in lists of names. The workloads of a list share a host
 * process. Each curve has a process of its own. It is measured in the first round only, because only its
 * shape matters.
 */
function groupsFor(peer, round, names) {
  const groups = new Map();
  for (const name of names) {
    const workload = workloadByName.get(name);
    if (workload.peers !== undefined && !workload.peers.includes(peer)) continue;
    if (workload.group === 'curve' && round > 0) continue;
    const key = workload.group === 'curve' ? name : workload.group;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return groups.values();
}
