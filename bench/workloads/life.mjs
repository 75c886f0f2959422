// Measures the time from starting a plugin to its first answer, and the memory of an idle plugin.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from '../lib/loops.mjs';
import { residentMiB } from '../lib/memory.mjs';

/**
 * Starts one child after another, and each answers one call. The host has already loaded its library. The
 * first start in a host takes longer, because the library then loads more code, and runs it for the first
 * time.
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
  run: ({ open, quick }) => measureStarts(open, quick),
};

async function measureStarts(open, quick) {
  const samples = [];
  for (let i = 0; i < (quick ? 3 : 7); i++) {
    const begin = performance.now();
    const peer = await open();
    await peer.add(1, 2);
    samples.push(performance.now() - begin);
    await peer.close();
  }
  return { ms: median(samples), first: samples[0] };
}

/** The folders that an isolated plugin of the benchmark must read. */
const read = ['bench', 'packages', 'node_modules'].map((name) =>
  fileURLToPath(new URL(`../../${name}`, import.meta.url)),
);

/**
 * Returns a workload that measures the same as `start`, with an isolated plugin. The first start in a host
 * takes longer, because the host must find out whether the isolation tool works.
 */
function isolatedStart(name, title, options) {
  return {
    ...start,
    name,
    title,
    peers: ['pipework'],
    obstacle: async () => {
      try {
        const { isolated } = await import('@pipework/isolate');
        isolated(options).describe([process.execPath]);
        return undefined;
      } catch (error) {
        return error.message;
      }
    },
    run: async ({ open, quick }) => {
      const { isolated } = await import('@pipework/isolate');
      const launcher = isolated({ ...options, read });
      return measureStarts(() => open({ launcher }), quick);
    },
  };
}

export const startBwrap = isolatedStart('start-bwrap', 'start to first answer, in bubblewrap', {});

/**
 * Starts the plugin under Node's permission model. The plugin may use the network, because before Node 25 the
 * model cannot deny that.
 */
export const startPermission = isolatedStart(
  'start-permission',
  "start to first answer, under Node's permission model",
  { require: 'runtime', bwrap: false, net: true },
);

/**
 * Measures the memory of an idle plugin. The memory of a single thread cannot be read, so peers with threads
 * have no figure here.
 */
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
