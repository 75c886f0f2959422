import workerpool from 'workerpool';
import { pathOf } from '../../../peers/support/processes.mjs';
import { answeredByAll } from '../../rows.mjs';

export const missing = { 'pool-recycle': 'it does not replace a worker after a number of tasks' };

function openWorkerpool(workers) {
  return workerpool.pool(pathOf('./child.mjs', import.meta.url), {
    workerType: 'process',
    minWorkers: workers,
    maxWorkers: workers,
  });
}

// workerpool returns promises of a class of its own, so they are turned into ordinary promises.
const runIn = (pool) => async (task) => await pool.exec('work', [task]);

export async function openPool({ workers }) {
  const pool = openWorkerpool(workers);
  return { run: runIn(pool), close: () => pool.terminate() };
}

export async function openService({ spare }) {
  const pool = openWorkerpool(spare ? 2 : 1);
  const run = runIn(pool);
  return {
    run,
    ready: () => answeredByAll(run, spare ? 2 : 1),
    close: () => pool.terminate(),
  };
}
