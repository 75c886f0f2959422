import { Worker } from 'jest-worker';
import { pathOf } from '../../../peers/support/processes.mjs';
import { answeredByAll } from '../../rows.mjs';

export const missing = {
  'pool-recycle': 'it replaces a worker by its memory (`idleMemoryLimit`), not by its number of tasks',
};

function openWorkers(numWorkers) {
  return new Worker(pathOf('./child.mjs', import.meta.url), { numWorkers, exposedMethods: ['work'] });
}

export async function openPool({ workers }) {
  const pool = openWorkers(workers);
  return { run: (task) => pool.work(task), close: () => pool.end() };
}

export async function openService({ spare }) {
  const pool = openWorkers(spare ? 2 : 1);
  return {
    run: (task) => pool.work(task),
    ready: () => answeredByAll((task) => pool.work(task), spare ? 2 : 1),
    close: () => pool.end(),
  };
}
