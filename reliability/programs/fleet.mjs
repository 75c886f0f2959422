// Kills, replaces, stops and crashes the plugins of supervisors and pools under load. Each call and stream
// must settle exactly once, no call may run twice, and no process or timer may be left.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, isPipeworkError } from '@pipework/core';
import { Pool, Supervisor } from '@pipework/fleet';
import { until } from '../lib/bounded.mjs';
import { isAlive } from '../lib/phases.mjs';

export const help = 'supervisors and pools under kills, reloads, stops, crashes and a blocked host';
export const defaults = {
  part: '',
  calls: 10_000,
  streams: 1_000,
  killEveryMs: 50,
  reloads: 1_000,
  poolSeconds: 60,
  plugins: 64,
  blockMs: 10_000,
};

const program = fileURLToPath(new URL('../fixtures/fleet-worker.mjs', import.meta.url));
const eager = { atMost: 1_000_000, withinMs: 60_000, initialDelayMs: 1, maxDelayMs: 5 };

/**
 * Runs `work`, whose plugins note their calls in a file. Resolves with the figures and findings of `work`.
 * Processes, timers and pipes that plugins left behind are further findings.
 */
async function withNotes(work) {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
  const file = join(folder, 'notes');
  writeFileSync(file, '');
  const pids = new Set();
  const findings = [];
  /** Returns the number of resources that keep the event loop alive, by kind. */
  const resources = () => {
    const counts = {};
    for (const kind of process.getActiveResourcesInfo())
      if (/Timeout|Process|Pipe|FSEvent/.test(kind)) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  };
  // The first plugin of this process starts pipework's reaper, a process that ends plugins after their
  // host's death. The reaper remains, and must not count as left behind.
  const first = new Client({ cmd: [process.execPath, program, file] });
  await first.start();
  await first.kill();
  const before = resources();
  const place = {
    findings,
    pids,
    config: {
      cmd: [process.execPath, program, file],
      restart: eager,
      setup: async (rpc) => void pids.add(await (await rpc.dispense('worker')).pid()),
    },
    ran: () => readFileSync(file, 'utf8').split('\n').filter(Boolean),
  };
  try {
    const figures = await work(place);
    const isGone = (pid) => !isAlive(pid, (path) => readFileSync(path, 'latin1'));
    for (const pid of pids) await until(2_000, `process ${pid} gone`, () => isGone(pid));
    const more = () => Object.entries(resources()).filter(([kind, count]) => count > (before[kind] ?? 0));
    await until(2_000, 'no more resources than before', () => more().length === 0).catch((error) => {
      findings.push(`${error.message}; there are more of ${more().join()}`);
    });
    return { findings, figures: { ...figures, processes: pids.size } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs `count` tasks, with `width` of them at a time. */
async function inFlight(count, width, task) {
  let next = 0;
  const line = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: width }, line));
}

/** Sends SIGKILL to the plugin again and again, while calls and streams are under way. */
export function kills({ calls, streams, killEveryMs }) {
  return withNotes(async ({ findings, pids, config, ran }) => {
    const supervisor = new Supervisor({ ...config, maxWaitingCalls: 100_000 });
    const generations = [];
    supervisor.on('state', ({ state, generation }) => {
      if (state === 'ready') generations.push(generation);
    });
    const worker = await supervisor.dispense('worker');
    const killer = setInterval(() => {
      try {
        process.kill([...pids].at(-1), 'SIGKILL');
      } catch {
        // The last plugin is dead already, and its replacement has not reported a pid yet.
      }
    }, killEveryMs);
    const fulfilled = new Set();
    const unsent = new Set();
    let failed = 0;
    const judge = (id, error) => {
      if (!isPipeworkError(error)) findings.push(`${id}: ${error?.stack ?? error}`);
      if (error?.sent === false) unsent.add(id);
      failed += 1;
    };
    const call = async (n) => {
      const id = `call ${n}`;
      try {
        if ((await worker.run(id)) !== id) findings.push(`${id} got another answer`);
        fulfilled.add(id);
      } catch (error) {
        judge(id, error);
        if (error.sent === undefined) findings.push(`${id}: its error does not say whether it was sent`);
      }
    };
    const stream = async (n) => {
      const id = `stream ${n}`;
      let items = 0;
      try {
        for await (const item of worker.stream(id, 20)) {
          if (item !== items++) findings.push(`${id}: item ${item} is not ${items - 1}`);
        }
        if (items !== 20) findings.push(`${id} ended after ${items} items`);
        fulfilled.add(id);
      } catch (error) {
        judge(id, error);
      }
    };
    await Promise.all([inFlight(calls, 24, call), inFlight(streams, 8, stream)]);
    clearInterval(killer);
    await supervisor.stop();
    const times = new Map();
    for (const id of ran()) times.set(id, (times.get(id) ?? 0) + 1);
    for (const [id, count] of times) if (count > 1) findings.push(`${id} ran ${count} times`);
    for (const id of fulfilled) if (!times.has(id)) findings.push(`${id} was answered and never ran`);
    for (const id of unsent)
      if (times.has(id)) findings.push(`${id} ran, and its error says that it was not sent`);
    if (generations.some((generation, at) => at > 0 && generation <= generations[at - 1]))
      findings.push(`generations fell: ${generations.join()}`);
    return { fulfilled: fulfilled.size, failed, generations: generations.length };
  });
}

/** Replaces the plugin again and again by `reload()`, while calls are under way. No call may fail. */
export function reloads({ reloads: count }) {
  return withNotes(async ({ findings, config, ran }) => {
    const supervisor = new Supervisor(config);
    const worker = await supervisor.dispense('worker');
    let isOver = false;
    let made = 0;
    const user = async () => {
      while (!isOver) {
        const id = `call ${made++}`;
        await worker.run(id).catch((error) => findings.push(`${id}: ${error.stack}`));
      }
    };
    const users = Array.from({ length: 8 }, user);
    for (let n = 0; n < count; n += 1)
      await supervisor.reload().catch((error) => findings.push(`reload ${n}: ${error.stack}`));
    isOver = true;
    await Promise.all(users);
    await supervisor.stop();
    if (new Set(ran()).size !== made || ran().length !== made)
      findings.push(`${made} calls were made, and ${ran().length} ran`);
    return { reloads: count, calls: made };
  });
}

/**
 * Checks that a stopped process is replaced, and that a process that computes for less than `timeoutMs` is
 * not replaced.
 */
export function health() {
  return withNotes(async ({ findings, pids, config }) => {
    const supervisor = new Supervisor({ ...config, health: { everyMs: 50, timeoutMs: 5_000, failures: 1 } });
    const worker = await supervisor.dispense('worker');
    for (let n = 0; n < 3; n += 1) await worker.block(1_500);
    if (supervisor.generation !== 1)
      findings.push('a process was ended after a handler computed for 1,500 ms, but 5,000 ms are allowed');
    const stopped = performance.now();
    process.kill([...pids].at(-1), 'SIGSTOP');
    const hung = worker.run('hung').catch((error) => error);
    const next = await hung;
    if (next?.sent !== true) findings.push(`the call of a stopped process: ${String(next)}`);
    await worker.run('next');
    const foundMs = Math.round(performance.now() - stopped);
    if (supervisor.generation === 1) findings.push('the stopped process was not replaced');
    await supervisor.stop();
    return { 'SIGSTOP to the next answer, ms': foundMs };
  });
}

/** Uses a pool in which a process crashes once a second. Only the call that crashes the process may fail. */
export function pool({ poolSeconds }) {
  return withNotes(async ({ findings, config, ran }) => {
    const workers = new Pool({ ...config, max: 4 });
    const worker = await workers.dispense('worker');
    const end = performance.now() + poolSeconds * 1_000;
    let made = 0;
    let crashes = 0;
    const user = async () => {
      while (performance.now() < end) {
        const id = `call ${made++}`;
        await worker.run(id).catch((error) => findings.push(`${id}: ${error.stack}`));
      }
    };
    const users = Array.from({ length: 16 }, user);
    while (performance.now() < end) {
      await sleep(1_000);
      const error = await worker.die().catch((reason) => reason);
      if (error?.sent !== true) findings.push(`a crash: ${String(error)}`);
      crashes += 1;
    }
    await Promise.all(users);
    const { failed, completed } = workers.stats();
    if (failed !== crashes) findings.push(`${failed} calls failed, and there were ${crashes} crashes`);
    await workers.stop();
    if (new Set(ran()).size !== made || ran().length !== made)
      findings.push(`${made} calls were made, and ${ran().length} ran`);
    return { crashes, completed };
  });
}

/** Blocks the host's event loop. Afterwards the host must end no plugin, because all are healthy. */
export function blocked({ plugins, blockMs }) {
  return withNotes(async ({ findings, config }) => {
    const checked = { ...config, health: { everyMs: 100, timeoutMs: blockMs / 2, failures: 1 } };
    const fleet = Array.from({ length: plugins }, () => new Supervisor(checked));
    await Promise.all(fleet.map((supervisor) => supervisor.start()));
    const ended = [];
    for (const supervisor of fleet) {
      supervisor.on('state', ({ state, error }) => {
        if (state !== 'stopped') ended.push(`${state}: ${error?.message}`);
      });
    }
    for (let block = 0; block < 2; block += 1) {
      const until = performance.now() + blockMs / 2;
      while (performance.now() < until);
      await sleep(100);
    }
    const long = performance.now() + blockMs;
    while (performance.now() < long);
    await sleep(3_000);
    findings.push(...ended.map((change) => `a plugin was ended: ${change}`));
    await Promise.all(fleet.map((supervisor) => supervisor.stop()));
    return { plugins, blockMs };
  });
}

const parts = { kills, reloads, health, pool, blocked };

export async function run(options, say = () => {}) {
  const all = { ...defaults, ...options };
  const findings = [];
  const figures = {};
  for (const name of all.part === '' ? Object.keys(parts) : [all.part]) {
    const result = await parts[name](all);
    findings.push(...result.findings.map((text) => `${name}: ${text}`));
    figures[name] = result.figures;
    say(`${name}: ${JSON.stringify(result.figures)}`);
  }
  return { findings, figures };
}
