// From starting a plugin to its first answer, and what the plugin holds when it has nothing to do.
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../lib/loops.mjs';
import { residentMiB } from '../lib/memory.mjs';

/**
 * The host has its library loaded; each start is a new child that answers one call. The first one in a host also pays for
 * what the library loads only then, and for code that has never run.
 */
export const start = {
  name: 'start',
  title: 'start to first answer',
  group: 'life',
  cores: 'free',
  needs: 'add',
  opens: true,
  metrics: [
    { key: 'ms', title: 'median', unit: 'ms', better: 'low' },
    { key: 'first', title: 'first in its host', unit: 'ms', better: 'low' },
  ],
  async run({ open, quick }) {
    const samples = [];
    for (let i = 0; i < (quick ? 3 : 7); i++) {
      const begin = performance.now();
      const peer = await open();
      await peer.add(1, 2);
      samples.push(performance.now() - begin);
      await peer.close();
    }
    return { ms: median(samples), first: samples[0] };
  },
};

/** A thread has no memory of its own to read: its peers have no number here. */
export const idle = {
  name: 'idle',
  title: 'memory of an idle plugin',
  group: 'life',
  cores: 'free',
  needs: 'add',
  opens: true,
  metrics: [{ key: 'rss', title: "idle child's RSS", unit: 'MiB', better: 'low' }],
  async run({ open, quick }) {
    const peer = await open();
    await peer.add(1, 2);
    await sleep(quick ? 100 : 300);
    const rss = peer.pids === undefined ? undefined : residentMiB(peer.pids[0]);
    await peer.close();
    return { rss };
  },
};
