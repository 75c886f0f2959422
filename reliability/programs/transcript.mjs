// Measures how much processor time the testkit's transcript costs. One process runs each use of a worker with
// a transcript and without one, in turn.
import { connect, launch } from '@pipework/testkit';
import { pluginCommand } from '../lib/phases.mjs';
import { worker as makeWorker } from '../lib/worker.mjs';

export const help = 'how much more processor time a run uses with a transcript than without one';
export const defaults = { times: 15, scale: 1, only: '' };

/** With a transcript, a run may use this many times the processor time that it uses without one. */
const most = 1.3;

/** The measured uses of a dispensed worker, by name. */
const uses = {
  '5,000 calls, one after another': async (worker, scale) => {
    for (let n = 0; n < 5_000 * scale; n++) await worker.echo(n);
  },
  '20,000 calls, 100 at a time': async (worker, scale) => {
    for (let n = 0; n < 20_000 * scale; n += 100)
      await Promise.all(Array.from({ length: 100 }, (_, index) => worker.echo(n + index)));
  },
  '20,000 items of a stream': async (worker, scale) => {
    let taken = 0;
    for await (const _ of worker.count(20_000 * scale)) taken++;
  },
  '160,000 dates there and back': async (worker, scale) => {
    await worker.echo(Array.from({ length: 160_000 * scale }, (_, index) => new Date(index * 1_000)));
  },
  '64 MiB of bytes': async (worker, scale) => {
    for await (const _ of await worker.produce(2 ** 26 * scale));
  },
};

async function opened(way, transcript) {
  if (way === 'connect') {
    const pair = await connect({ worker: makeWorker }, { transcript });
    return { worker: await pair.rpc.dispense('worker'), end: () => pair.close() };
  }
  const client = launch({ cmd: pluginCommand(), transcript });
  return { worker: await (await client.client()).dispense('worker'), end: () => client.kill() };
}

async function processorMs(work) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

export async function run(options, say = () => {}) {
  const { times, scale, only } = { ...defaults, ...options };
  const findings = [];
  const figures = {};
  for (const way of ['connect', 'launch']) {
    for (const [what, use] of Object.entries(uses)) {
      const name = `${way}, ${what}`;
      if (!name.includes(only)) continue;
      const took = { without: [], with: [] };
      // Each run has a new worker, because a full transcript has other costs than one that grows.
      for (let time = -1; time < times; time++) {
        for (const transcript of time % 2 === 0 ? [false, true] : [true, false]) {
          const { worker, end } = await opened(way, transcript);
          const ms = await processorMs(() => use(worker, scale));
          if (time >= 0) took[transcript ? 'with' : 'without'].push(ms);
          await end();
        }
      }
      // Each ratio compares two consecutive runs, because a busy machine slows down both in the same way.
      const ratio = median(took.with.map((ms, time) => ms / took.without[time]));
      const line = `${median(took.without).toFixed(0)} ms, with a transcript ${median(took.with).toFixed(0)} ms: ${ratio.toFixed(2)}`;
      figures[name] = line;
      say(`${name}: ${line}`);
      if (ratio > most) findings.push(`${name}: ${line}`);
    }
  }
  return { findings, figures };
}
