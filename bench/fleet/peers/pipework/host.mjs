import { Client } from '@pipework/core';
import { Pool, Supervisor } from '@pipework/fleet';
import { pathOf } from '../../../peers/support/processes.mjs';
import { until } from '../../rows.mjs';

const config = { cmd: [process.execPath, pathOf('./child.mjs', import.meta.url)], stdin: 'ignore' };

export async function openPool({ workers, recycleAfter }) {
  const pool = new Pool({
    ...config,
    min: workers,
    max: workers,
    maxQueued: 10_000,
    ...(recycleAfter !== undefined && { recycle: { calls: recycleAfter } }),
  });
  await pool.start();
  const bench = await pool.dispense('bench');
  return { run: (task) => bench.work(task), close: () => pool.stop() };
}

/**
 * Opens a supervised plugin. Without a spare, a restart has no delay, because the other peers have none. With
 * a spare, a restart has the default delay, but never more than 100 ms. This delay only postpones the start
 * of the next spare, and not the next answer.
 */
export async function openService({ spare }) {
  let started = 0;
  const supervisor = new Supervisor({
    ...config,
    spare: spare ? 1 : 0,
    restart: { atMost: 1_000, ...(spare ? { maxDelayMs: 100 } : { initialDelayMs: 0 }) },
    // The processes of the other peers have answered calls before they are measured, so each process here
    // answers one too. `started` is increased at the end of the setup, because the supervisor uses a process
    // as soon as its setup has ended.
    setup: async (rpc) => {
      await (await rpc.dispense('bench')).work({ id: 0, wait: 0, steps: 0 });
      started += 1;
    },
  });
  const bench = await supervisor.dispense('bench');
  return {
    run: (task) => bench.work(task),
    ready: async (kills) => {
      if (!(await until(() => started > kills + (spare ? 1 : 0)))) throw new Error('no process became ready');
      await bench.work({ id: 0, wait: 0, steps: 0 });
    },
    close: () => supervisor.stop(),
  };
}

/** Opens a supervised plugin and an unsupervised one with the same service. */
export async function openBoth() {
  const client = new Client(config);
  const plain = await (await client.client()).dispense('bench');
  let pid;
  const supervisor = new Supervisor({
    ...config,
    setup: async (rpc) => {
      pid = Number(
        (await (await rpc.dispense('bench')).work({ id: 0, wait: 0, steps: 0 })).worker.split(':')[0],
      );
    },
  });
  const bench = await supervisor.dispense('bench');
  const checked = (remote) => async (n) => {
    if ((await remote.add(n, 7)) !== n + 7) throw new Error(`add(${n}, 7) had another answer`);
  };
  return {
    plain: { run: checked(plain), pid: client.pid },
    supervised: { run: checked(bench), pid },
    pids: [client.pid, pid],
    close: () => Promise.all([client.kill(), supervisor.stop()]),
  };
}
