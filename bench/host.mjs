// The host process of one peer, which is started again in each round. It runs the workloads of one group, and
// writes their results into the file `out`.
//
//   node host.mjs '{"peer": ..., "workloads": [...], "time": ms, "warmup": ms, "quick": bool, "out": file}'
import { writeFileSync } from 'node:fs';
import { place } from './lib/cores.mjs';
import { within } from './lib/within.mjs';
import { loadPeer } from './peers/index.mjs';
import { workloadByName } from './workloads/index.mjs';

const TIMEOUT = 30_000;
const task = JSON.parse(process.argv[2]);
if (!task.workloads.some((name) => workloadByName.get(name).hasSmallHeap))
  globalThis.ballast = (await import('./lib/ballast.mjs')).ballast;
const adapter = await loadPeer(task.peer);
const results = {};
const skipped = {};
const failed = {};
let peer;

for (const name of task.workloads) {
  const workload = workloadByName.get(name);
  const reason = await reasonToSkip(workload);
  if (reason !== undefined) {
    skipped[name] = reason;
    continue;
  }
  try {
    results[name] = await within(TIMEOUT, measure(workload));
  } catch (error) {
    failed[name] = error.message;
    break; // after a failure, further workloads in this process would not be comparable
  }
}
writeFileSync(task.out, JSON.stringify({ results, skipped, failed }));
await Promise.race([peer?.close(), new Promise((resolve) => setTimeout(resolve, 2000))]);
process.exit();

async function measure(workload) {
  const { time, warmup, quick } = task;
  if (workload.opens) return workload.run({ open: adapter.open, name: task.peer, time, warmup, quick });
  peer ??= await adapter.open();
  if (typeof peer[workload.needs] !== 'function') throw new Error(`the adapter has no ${workload.needs}()`);
  place(workload.cores, peer);
  return workload.run({ peer, name: task.peer, time, warmup, quick });
}

async function reasonToSkip(workload) {
  return (
    (await workload.obstacle?.()) ?? adapter.missing?.[workload.name] ?? adapter.missing?.[workload.needs]
  );
}
