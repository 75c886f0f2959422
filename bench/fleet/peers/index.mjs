// The pools that are measured. Each pool is a folder with host.mjs (the adapter) and child.mjs (its worker).

export const peers = {
  pipework: '@pipework/fleet: `Pool` and `Supervisor`, a process for each worker',
  tinypool: "tinypool, `runtime: 'child_process'`",
  workerpool: "workerpool, `workerType: 'process'`",
  'jest-worker': 'jest-worker, processes',
  fork: 'child_process.fork and a loop of about 60 lines; no signals, deadlines, streams or limits',
  piscina: 'piscina (threads, which isolate nothing)',
  'tinypool-threads': "tinypool, `runtime: 'worker_threads'` (threads, which isolate nothing)",
};

export const peerNames = Object.keys(peers);

export const threadPools = new Set(['piscina', 'tinypool-threads']);

/**
 * Returns the adapter of a peer. The function `openPool({ workers, recycleAfter })` of an adapter resolves to
 * `{ run, close }`. Its `openService({ spare })` resolves to a service (`{ run, close, ready }`) that
 * survives a SIGKILL of its process. The object `missing` has the rows that the peer cannot do, with the
 * reasons.
 */
export async function loadPeer(name) {
  if (name !== 'tinypool-threads') return import(`./${name}/host.mjs`);
  const { threads } = await import('./tinypool/host.mjs');
  return threads;
}
