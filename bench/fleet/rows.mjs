// The rows of the benchmark of pools and supervisors.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { place } from '../lib/cores.mjs';
import { cpuPerCall, inFlight, lone, median, quantile } from '../lib/loops.mjs';
import { cpuMicros } from '../lib/memory.mjs';
import { pathOf } from '../peers/support/processes.mjs';
import { idealMs } from './ideal.mjs';
import { check, computes, tiny, wait } from './task.mjs';

/** The number of workers in rows whose tasks wait, and in rows whose tasks compute. */
const waiters = 4;
const computers = 2;
/** In `pool-recycle`, a worker is replaced after this many tasks. */
const recycleAfter = 50;
/**
 * In the rows `pool-uneven` and `pool-uneven-cpu`, each twentieth task takes this many times as long as the
 * other tasks.
 */
const longer = 20;
const everyTwentieth = (n) => n % 20 === 7;

const list = (count, make) => Array.from({ length: count }, (_, n) => make(n));

/** Resolves to true if `condition()` became true within ten seconds. */
export async function until(condition) {
  for (const from = performance.now(); performance.now() - from < 10_000;) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return false;
}

/**
 * Resolves as soon as `workers` different workers have answered. Rejects after 5 s. A call that fails does
 * not count as an answer.
 */
export async function answeredByAll(run, workers) {
  const seen = new Set();
  const note = ({ worker }) => seen.add(worker);
  for (const from = performance.now(); performance.now() - from < 5_000;) {
    const calls = list(2 * workers, (n) => run(wait(n, 10)).then(note, () => {}));
    await settledWithin(1_000, Promise.all(calls));
    if (seen.size >= workers) return;
  }
  throw new Error(`of ${workers} workers only ${seen.size} answered within 5 s`);
}

/** Resolves to the result of the promise, or to undefined if the promise takes longer than `ms`. */
async function settledWithin(ms, promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Lets every worker answer, and then makes calls for a while, so that V8 has compiled the code before the
 * measurement. Half of the calls are answered immediately, and half of them after 1 ms.
 */
async function warmUp(pool, workers, { quick }) {
  await answeredByAll(pool.run, workers);
  const until = performance.now() + (quick ? 200 : 700);
  const lane = async () => {
    for (let n = 0; performance.now() < until; n += 1) await pool.run(n % 2 === 0 ? tiny(n) : wait(n, 1));
  };
  await Promise.all(list(4 * workers, lane));
}

/** Passes all tasks to the pool in one turn. The answers are checked after the measurement. */
async function runAll(pool, tasks, workers) {
  const cpuBefore = cpuMicros();
  const from = performance.now();
  const answers = await Promise.all(tasks.map((task) => pool.run(task)));
  const ms = performance.now() - from;
  const cpu = (cpuMicros() - cpuBefore) / tasks.length;
  tasks.forEach((task, n) => check(task, answers[n]));
  const ideal = idealMs(
    answers.map(({ own }) => own),
    workers,
  );
  return { ms, ideal, share: ideal / ms, cpu, answers };
}

/**
 * Returns a row that opens a pool and gives it tasks. The measured time is compared with that of the ideal
 * scheduler.
 */
function poolRow(name, title, { workers, tasks }) {
  return {
    name,
    title,
    needs: 'openPool',
    async run({ open, ...context }) {
      const pool = await open({ workers });
      try {
        await warmUp(pool, workers, context);
        const { ms, ideal, share, cpu } = await runAll(pool, tasks(context), workers);
        return { ms, ideal, share, cpu };
      } finally {
        await pool.close();
      }
    },
  };
}

const scaled = (count, { quick }) => (quick ? count / 4 : count);

const poolQueue = {
  name: 'pool-queue',
  title: `10,000 tiny tasks at once, ${computers} workers`,
  needs: 'openPool',
  async run({ open, quick }) {
    const pool = await open({ workers: computers });
    try {
      await warmUp(pool, computers, { quick });
      const tasks = list(10_000, tiny);
      const passes = [];
      for (let pass = 0; pass < (quick ? 1 : 3); pass += 1) passes.push(await runAll(pool, tasks, computers));
      return {
        ms: median(passes.map(({ ms }) => ms)),
        cpu: Math.min(...passes.map(({ cpu }) => cpu)),
      };
    } finally {
      await pool.close();
    }
  },
};

const poolRecycle = {
  name: 'pool-recycle',
  title: `600 waits of 10 ms, ${waiters} workers, each replaced after ${recycleAfter} tasks`,
  needs: 'openPool',
  async run({ open }) {
    const pool = await open({ workers: waiters, recycleAfter });
    try {
      const tasks = list(600, (n) => wait(n, 10));
      const { answers, ...figures } = await runAll(pool, tasks, waiters);
      const counts = new Map();
      for (const { worker } of answers) counts.set(worker, (counts.get(worker) ?? 0) + 1);
      return { ...figures, replaced: counts.size - waiters, longest: Math.max(...counts.values()) };
    } finally {
      await pool.close();
    }
  },
};

/** Kills the worker that answered last, and returns the milliseconds until the next answer. */
async function killOnce(service, id) {
  const last = await service.run(tiny(id));
  const task = tiny(id + 1);
  const from = performance.now();
  process.kill(Number(last.worker.split(':')[0]), 'SIGKILL');
  for (;;) {
    // Some pools never answer a call whose process was killed, and some refuse calls until a new process is
    // ready. A user would make the call again, so this loop makes it again.
    const answer = await settledWithin(
      3_000,
      service.run(task).catch(() => undefined),
    );
    if (answer !== undefined) {
      const ms = performance.now() - from;
      check(task, answer);
      if (answer.worker === last.worker) throw new Error('the killed process has answered');
      return ms;
    }
    if (performance.now() - from > 3_000) throw new Error('there was no answer within 3 s after the SIGKILL');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Kills `count` forked processes, one after another. Returns the median time, in milliseconds, from a SIGKILL
 * until the host sees that the process has ended.
 */
async function exitVisible(count) {
  const samples = [];
  for (let n = 0; n < count; n += 1) {
    const child = fork(pathOf('./peers/fork/child.mjs', import.meta.url));
    child.send(tiny(n));
    await once(child, 'message');
    const exited = once(child, 'exit');
    const from = performance.now();
    child.kill('SIGKILL');
    await exited;
    samples.push(performance.now() - from);
  }
  return median(samples);
}

function restartRow(name, title, { spare, kills }) {
  return {
    name,
    title,
    needs: 'openService',
    async run({ open, quick }) {
      const service = await open({ spare });
      const samples = [];
      try {
        for (let n = 0; n < (quick ? 5 : kills); n += 1) {
          await service.ready(n);
          samples.push(await killOnce(service, 2 * n));
        }
      } finally {
        await service.close();
      }
      const sorted = samples.sort((a, b) => a - b);
      return { ms: quantile(sorted, 0.5), worst: sorted.at(-1), visible: await exitVisible(quick ? 3 : 7) };
    },
  };
}

/**
 * Compares a supervised plugin with a plugin of a plain client. Short blocks of calls alternate between the
 * two plugins.
 */
const supervised = {
  name: 'supervised',
  title: 'a call of a supervised plugin, compared with a call of a plain client; one core',
  needs: 'openBoth',
  async run({ open, quick }) {
    const both = await open();
    try {
      place('one', both);
      const ratios = { lone: [], flight: [], work: [] };
      const measure = async ({ run, pid }) => {
        const alone = await lone(run, 100);
        const many = await cpuPerCall([pid], () => inFlight(run, 64, 100));
        return { alone: alone.p50, many: 1 / many.rate, cpu: many.cpu };
      };
      for (let block = 0; block < (quick ? 4 : 10); block += 1) {
        const order = block % 2 === 0 ? ['plain', 'supervised'] : ['supervised', 'plain'];
        const of = {};
        for (const kind of order) of[kind] = await measure(both[kind]);
        if (block < 2) continue; // the warm-up
        ratios.lone.push(of.supervised.alone / of.plain.alone);
        ratios.flight.push(of.supervised.many / of.plain.many);
        ratios.work.push(of.supervised.cpu / of.plain.cpu);
      }
      return Object.fromEntries(Object.entries(ratios).map(([key, all]) => [key, median(all)]));
    } finally {
      await both.close();
    }
  },
};

/**
 * Each row has a `name`, a `title`, `needs` and `run(context)`. `needs` names the function of the adapter
 * that opens the pool or the service. The context is `{ open, steps, quick }`: `open` is this function, and
 * `steps` is the number of computing steps that take a millisecond.
 */
export const rows = [
  poolRow('pool-even', `400 waits of 5 ms, ${waiters} workers`, {
    workers: waiters,
    tasks: (context) => list(scaled(400, context), (n) => wait(n, 5)),
  }),
  poolRow('pool-even-1ms', `1,000 waits of 1 ms, ${waiters} workers`, {
    workers: waiters,
    tasks: (context) => list(scaled(1_000, context), (n) => wait(n, 1)),
  }),
  poolRow('pool-even-cpu', `200 tasks of 5 ms of processor time, ${computers} workers`, {
    workers: computers,
    tasks: (context) => list(scaled(200, context), (n) => computes(n, 5 * context.steps)),
  }),
  poolRow('pool-uneven', `200 waits of 5 ms, one in twenty of 100 ms, ${waiters} workers`, {
    workers: waiters,
    tasks: (context) => list(scaled(200, context), (n) => wait(n, everyTwentieth(n) ? longer * 5 : 5)),
  }),
  poolRow(
    'pool-uneven-cpu',
    `200 tasks of 2 ms of processor time, one in twenty of 40 ms, ${computers} workers`,
    {
      workers: computers,
      tasks: (context) =>
        list(scaled(200, context), (n) => computes(n, (everyTwentieth(n) ? longer : 1) * 2 * context.steps)),
    },
  ),
  poolQueue,
  poolRecycle,
  restartRow('restart', 'SIGKILL to the next answer, no other process ready; median', {
    spare: false,
    kills: 9,
  }),
  restartRow('restart-spare', 'SIGKILL to the next answer, a second process ready; median', {
    spare: true,
    kills: 15,
  }),
  supervised,
];

export const rowByName = new Map(rows.map((row) => [row.name, row]));
