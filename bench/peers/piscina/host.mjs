import { Piscina } from 'piscina';
import { threadIds } from '../../lib/cores.mjs';
import { pathOf } from '../support/processes.mjs';

export const missing = {
  stream: 'a task has one result; for items, a user would have to add a MessageChannel',
  callbacks: 'a task cannot call the host; for this, a user would have to add a MessageChannel',
};

export async function open() {
  const before = threadIds();
  const pool = new Piscina({
    filename: pathOf('./child.mjs', import.meta.url),
    minThreads: 1,
    maxThreads: 1,
  });
  await pool.run([1, 1], { name: 'add' });
  const threads = [...threadIds()].filter((id) => !before.has(id));
  return {
    add: (a, b) => pool.run([a, b], { name: 'add' }),
    records: (list) => pool.run(list, { name: 'records' }),
    bytes: (value) => pool.run(value, { name: 'bytes' }),
    threads,
    close: () => pool.destroy(),
  };
}
