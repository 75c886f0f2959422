// Reads the command line of the benchmark.
import { parseArgs } from 'node:util';
import { peerNames, quickPeers } from '../peers/index.mjs';
import { workNames } from '../mux/works.mjs';
import { workloads } from '../workloads/index.mjs';

export const usage = `Usage: node bench/run.mjs [options]

  --quick               run one short round with the strongest peers, and leave out the workloads
                        that take long; ends within a minute, and is good for a first look only
  --peers a,b           measure only these peers and the floor
  --workloads a,b       run only these workloads
  --rounds n            run n rounds (default: 5; with --quick: 1)
  --curves              run the workloads whose names begin with curve- (the default, unless
                        --quick or --workloads is given)
  --no-curves           leave these workloads out
  --mux                 measure the mux alone, too (the default if the curves are measured)
  --no-mux              do not measure the mux alone
  --nodes 22,24         run ten workloads under these versions of Node, too; a path of a Node
                        program can stand for a version (default in a whole run: 20, 22, 24
                        and 26, except the version that runs this program)
  --nodes none          use no other version of Node
  --out folder          write the results into this folder (default: bench/results; with
                        --quick: bench/results/quick; with --peers or --workloads:
                        bench/results/partial)
  --list                print the names of all peers and workloads
  --help                print this text`;

/** The groups of workloads that a quick run leaves out, because they take too long. */
const LONG = new Set(['big', 'value-streams', 'context', 'first-host']);

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      quick: { type: 'boolean', default: false },
      peers: { type: 'string' },
      workloads: { type: 'string' },
      rounds: { type: 'string' },
      curves: { type: 'boolean' },
      mux: { type: 'boolean' },
      nodes: { type: 'string' },
      out: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const rounds = Number(values.rounds ?? (quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds must be a positive integer, not "${values.rounds}"`);
  const curves = values.curves ?? (!quick && values.workloads === undefined);
  const all = workloads
    .filter((workload) => (curves || workload.group !== 'curve') && !(quick && LONG.has(workload.group)))
    .map((workload) => workload.name);
  const chosen = choose(
    '--workloads',
    values.workloads,
    [...workloads.map((workload) => workload.name), ...workNames],
    [...all, ...((values.mux ?? curves) ? workNames : [])],
  );
  const peers = choose('--peers', values.peers, peerNames, quick ? quickPeers : peerNames);
  return {
    ...values,
    rounds,
    folder: folderFor(values),
    // Only a whole run changes the table in the README.
    isWhole: folderFor(values) === 'results' && values.out === undefined,
    workloads: chosen.filter((name) => !workNames.includes(name)),
    muxWorks: chosen.filter((name) => workNames.includes(name)),
    nodes: readNodes(values),
    peers: ['floor', ...peers.filter((name) => name !== 'floor')],
    // How many milliseconds a workload is measured, and how many milliseconds it is warmed up before that.
    time: quick ? 100 : 300,
    warmup: quick ? 350 : 700,
  };
}

/** Returns the names of the other versions of Node that the run measures. */
function readNodes({ nodes, quick, peers, workloads }) {
  if (nodes === 'none') return [];
  if (nodes !== undefined) return nodes.split(',').filter(Boolean);
  if (quick || peers !== undefined || workloads !== undefined) return [];
  const [major] = process.versions.node.split('.');
  return ['20', '22', '24', '26'].filter((version) => version !== major);
}

/** Returns the folder for the results. Only a whole run replaces the published results. */
function folderFor({ quick, peers, workloads }) {
  if (quick) return 'results/quick';
  return peers === undefined && workloads === undefined ? 'results' : 'results/partial';
}

function choose(option, given, known, fallback) {
  if (given === undefined) return fallback;
  const names = given.split(',').filter(Boolean);
  for (const name of names) {
    if (!known.includes(name))
      throw new Error(`${option}: unknown name "${name}"; known are ${known.join(', ')}`);
  }
  return names;
}
