import Tinypool from 'tinypool';
import { pathOf } from '../../../peers/support/processes.mjs';
import { answeredByAll } from '../../rows.mjs';

function openTinypool(runtime, workers) {
  return new Tinypool({
    runtime,
    filename: pathOf('./child.mjs', import.meta.url),
    minThreads: workers,
    maxThreads: workers,
  });
}

function pooled(runtime) {
  return async ({ workers, recycleAfter }) => {
    const pool = openTinypool(runtime, workers);
    const close = () => pool.destroy();
    if (recycleAfter === undefined) return { run: (task) => pool.run(task), close };
    // tinypool replaces workers only when it is asked to, and then it replaces all of them at once.
    let done = 0;
    const run = async (task) => {
      const answer = await pool.run(task);
      done += 1;
      if (done % (recycleAfter * workers) === 0) void pool.recycleWorkers();
      return answer;
    };
    return { run, close };
  };
}

export const openPool = pooled('child_process');

export async function openService({ spare }) {
  const pool = openTinypool('child_process', spare ? 2 : 1);
  return {
    run: (task) => pool.run(task),
    ready: () => answeredByAll((task) => pool.run(task), spare ? 2 : 1),
    close: () => pool.destroy(),
  };
}

const oneProcess = 'its workers are threads, and a SIGKILL ends the host with them';

export const threads = {
  openPool: pooled('worker_threads'),
  missing: { restart: oneProcess, 'restart-spare': oneProcess },
};
