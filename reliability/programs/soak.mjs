// Makes a mixed load at full rate for `minutes`: calls, callbacks, streams both ways, output, cancellations,
// failures, and plugins that start and end. Memory, descriptors and handles are sampled, and must stay flat.
import { readdirSync, readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { Client } from '@pipework/core';
import { within } from '../lib/bounded.mjs';
import { loadKinds } from '../lib/load-kinds.mjs';
import { pluginCommand } from '../lib/phases.mjs';
import { randomOf } from '../lib/random.mjs';
import { heldNow, mebibytes, watch } from '../lib/watch.mjs';

export const help = 'mixed load at full rate; memory, descriptors and handles stay flat';
export const defaults = { minutes: 10, samples: 40, seed: 1, width: 16 };

const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;
const resident = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1_024;
/** Starts one plugin, and `width` users that call it until `stop()` is true. */
async function spinUp(random, width, count, stop) {
  let printed = 0;
  const sink = new Writable({
    write(chunk, _encoding, done) {
      printed += chunk.length;
      done();
    },
  });
  const [node, ...program] = pluginCommand();
  const client = new Client({ cmd: [node, '--expose-gc', ...program], syncStdout: sink });
  const rpc = await client.client();
  const worker = await rpc.dispense('worker').then((one) => ({ one }));
  const user = async () => {
    while (!stop()) {
      const kind = random.pick(loadKinds);
      await within(30_000, kind.name, kind(worker.one, random));
      count[kind.name] = (count[kind.name] ?? 0) + 1;
    }
  };
  const held = async () => {
    const { heapUsed, external } = await worker.one.memory();
    return heapUsed + external;
  };
  return {
    client,
    rpc,
    held,
    users: Promise.all(Array.from({ length: width }, user)),
    printed: () => printed,
  };
}

/**
 * Returns by how much the lowest sample of the last quarter exceeds the lowest sample of the second quarter.
 * This difference shows lasting growth, but not the warm-up or a short peak.
 */
function growth(samples) {
  const lowest = (from, to) =>
    Math.min(...samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to)));
  return lowest(0.75, 1) - lowest(0.25, 0.5);
}

export async function run(options, say = () => {}) {
  const { minutes, samples: wanted, seed, width } = { ...defaults, ...options };
  const random = randomOf(seed);
  const watched = watch({ fatalStallMs: 60_000 });
  const findings = [];
  const count = {};
  const end = performance.now() + minutes * 60_000;
  const over = () => performance.now() > end || findings.length > 0;
  const fail = (error) => findings.push(error.stack);

  // One plugin lives through the whole run, so that its memory can be watched. Other plugins start and end
  // beside it.
  const old = await spinUp(random, width, count, over);
  old.users.catch(fail);
  const comers = (async () => {
    while (!over()) {
      const leave = performance.now() + random.between(200, 1_500);
      const young = await spinUp(random, 4, count, () => over() || performance.now() > leave);
      await young.users;
      const { code, by } = await young.client.kill();
      if (code !== 0 || by !== 'quit') throw new Error(`a restart ended with code ${code} by ${by}`);
      count.restart = (count.restart ?? 0) + 1;
    }
  })().catch(fail);

  const series = {
    heldMiB: [],
    residentMiB: [],
    pluginHeldMiB: [],
    pluginResidentMiB: [],
    descriptors: [],
    pluginDescriptors: [],
    handles: [],
  };
  const every = (minutes * 60_000) / wanted;
  while (!over()) {
    await new Promise((resolve) =>
      setTimeout(resolve, Math.min(every, Math.max(1, end - performance.now()))),
    );
    series.heldMiB.push(mebibytes(heldNow()));
    series.residentMiB.push(mebibytes(resident('self')));
    series.pluginHeldMiB.push(mebibytes(await within(30_000, 'memory', old.held())));
    series.pluginResidentMiB.push(mebibytes(resident(old.client.pid)));
    series.descriptors.push(descriptors('self'));
    series.pluginDescriptors.push(descriptors(old.client.pid));
    series.handles.push(process.getActiveResourcesInfo().length);
    if (series.heldMiB.length % 10 === 0) say(`held ${series.heldMiB.at(-1)} MiB, ${JSON.stringify(count)}`);
  }
  await Promise.allSettled([old.users, comers]);
  const left = old.rpc.diagnostics?.();
  await old.client.kill();
  findings.push(...(await watched.stop()).uncaught);

  // A short run has not warmed up. Its figures are shown, but its growth proves nothing.
  const bounds = {
    heldMiB: 8,
    residentMiB: 48,
    pluginHeldMiB: 8,
    pluginResidentMiB: 48,
    descriptors: 12,
    pluginDescriptors: 4,
    handles: 24,
  };
  const figures = { minutes, seed, operations: count, 'counters at the end': left };
  for (const [name, list] of Object.entries(series)) {
    const grew = growth(list);
    figures[name] =
      `${String(list[0])} first, ${String(list.at(-1))} last, highest ${Math.max(...list)}; second quarter to last quarter: ${grew.toFixed(1)}`;
    if (minutes >= 2 && grew > bounds[name])
      findings.push(`${name} grew: ${figures[name]}: ${list.join(' ')}`);
  }
  return { findings, figures };
}
