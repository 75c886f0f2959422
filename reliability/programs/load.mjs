// Makes a heavy load: many plugins, many calls, many bytes.
import { readFileSync } from 'node:fs';
import { Client } from '@pipework/core';
import { within } from '../lib/bounded.mjs';
import { pluginCommand } from '../lib/phases.mjs';
import { heldNow, mebibytes, watch } from '../lib/watch.mjs';
import { patternDigest, patternStream } from '../lib/worker.mjs';

export const help = 'many plugins and many calls at the same time, and many bytes through a slow consumer';
export const defaults = { plugins: 100, calls: 10_000, mebibytes: 1_024, pauseMs: 1 };

const descriptors = () => process.getActiveResourcesInfo().length;
const residentPeak = (pid) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1_024;

async function manyPlugins(plugins) {
  const start = performance.now();
  const clients = Array.from({ length: plugins }, () => new Client({ cmd: pluginCommand(), managed: true }));
  const use = async (client, index) => {
    const worker = await (await client.client()).dispense('worker').then((one) => ({ one }));
    const sums = Array.from(
      { length: 10 },
      async (_, i) => (await worker.one.echo(index * 10 + i)) - (index * 10 + i),
    );
    return (await Promise.all(sums)).every((difference) => difference === 0) && client.pid;
  };
  const pids = await within(120_000, 'all plugins', Promise.all(clients.map(use)));
  const ready = performance.now() - start;
  const exits = await within(30_000, 'all exits', Promise.all(clients.map((client) => client.kill())));
  const findings = [];
  if (new Set(pids).size !== plugins || pids.includes(false)) findings.push('a plugin answered wrongly');
  const rough = exits.filter(({ code, by }) => code !== 0 || by !== 'quit').length;
  if (rough > 0) findings.push(`${rough} of ${plugins} plugins did not end in an orderly way`);
  return {
    findings,
    figure: `all answered after ${Math.round(ready)} ms, all gone after ${Math.round(performance.now() - start)} ms`,
  };
}

const withWorker = async (use) => {
  const client = new Client({ cmd: pluginCommand() });
  try {
    const worker = await (await client.client()).dispense('worker').then((one) => ({ one }));
    return await use(worker.one, client);
  } finally {
    await client.kill();
  }
};

const manyCalls = (calls) =>
  withWorker(async (worker, client) => {
    const start = performance.now();
    // Each call waits in this callback until all calls have reached it. So all calls run at the same time.
    let inside = 0;
    let open;
    const gate = new Promise((resolve) => {
      open = resolve;
    });
    const visit = (item) => {
      if (++inside === calls) open();
      return gate.then(() => item);
    };
    const all = Array.from({ length: calls }, (_, i) => worker.each([i], visit));
    const sums = await within(120_000, `${calls} calls (${inside} inside)`, Promise.all(all));
    const wrong = sums.filter((sum, i) => sum !== i).length;
    const findings = wrong > 0 ? [`${wrong} of ${calls} calls answered wrongly`] : [];
    const ms = Math.round(performance.now() - start);
    return {
      findings,
      figure: `${calls} calls, each with its callback, at once: ${ms} ms; plugin's resident peak ${mebibytes(residentPeak(client.pid))} MiB`,
    };
  });

const manyBytes = (length, pauseMs) =>
  withWorker(async (worker, client) => {
    const watched = watch();
    const before = heldNow();
    const rest = residentPeak(client.pid);
    const start = performance.now();
    const answer = await worker.digest(patternStream(length), pauseMs);
    const seconds = ((performance.now() - start) / 1_000).toFixed(1);
    const { peakBytes } = await watched.stop();
    const hostGrew = peakBytes - before;
    const pluginGrew = residentPeak(client.pid) - rest;
    const findings = [];
    if (answer.length !== length || answer.sha256 !== patternDigest(length))
      findings.push('other bytes arrived than were sent');
    // Garbage that is not collected yet counts too, so the limit is far above the window. Nevertheless the
    // limit is far below the length of the stream.
    if (hostGrew > 96 * 2 ** 20) findings.push(`the host grew by ${mebibytes(hostGrew)} MiB`);
    if (pluginGrew > 128 * 2 ** 20) findings.push(`the plugin grew by ${mebibytes(pluginGrew)} MiB`);
    return {
      findings,
      figure: `${mebibytes(length)} MiB in ${seconds} s; host held ${mebibytes(hostGrew)} MiB more, plugin's resident peak ${mebibytes(pluginGrew)} MiB more`,
    };
  });

export async function run(options, say = () => {}) {
  const { plugins, calls, mebibytes: size, pauseMs } = { ...defaults, ...options };
  const watched = watch();
  const before = descriptors();
  const figures = {};
  const findings = [];
  const parts = {
    'plugins at once': [plugins, () => manyPlugins(plugins)],
    'calls at once': [calls, () => manyCalls(calls)],
    'bytes to a slow consumer': [size, () => manyBytes(size * 2 ** 20, pauseMs)],
  };
  for (const [name, [amount, part]] of Object.entries(parts)) {
    if (amount === 0) continue;
    const result = await part();
    figures[name] = result.figure;
    say(`${name}: ${result.figure}`);
    findings.push(...result.findings.map((text) => `${name}: ${text}`));
  }
  findings.push(...(await watched.stop()).uncaught);
  const left = descriptors() - before;
  if (left > 2) findings.push(`${left} handles are left: ${process.getActiveResourcesInfo().join(', ')}`);
  return { findings, figures };
}
