import { Piscina } from 'piscina';
import { pathOf } from '../../../peers/support/processes.mjs';

const oneProcess = 'its workers are threads, and a SIGKILL ends the host with them';

export const missing = {
  'pool-recycle': 'it does not replace a worker after a number of tasks',
  restart: oneProcess,
  'restart-spare': oneProcess,
};

export async function openPool({ workers }) {
  const pool = new Piscina({
    filename: pathOf('./child.mjs', import.meta.url),
    minThreads: workers,
    maxThreads: workers,
  });
  return { run: (task) => pool.run(task), close: () => pool.destroy() };
}
