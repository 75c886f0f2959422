// The task that the workers of all peers run, and the check of its answer.
import { threadId } from 'node:worker_threads';

/** Computes for a time that depends on `steps` alone. Only a worker that did all steps knows the result. */
export function compute(seed, steps) {
  let value = seed;
  for (let n = 0; n < steps; n += 1) value = (value * 31 + n) % 1_000_003;
  return value;
}

/**
 * For each number of steps there are only this many different results, so that the host can compute all of
 * them.
 */
const seeds = 8;

/**
 * Waits `wait` milliseconds or computes `steps` steps. In the answer, `own` is the number of milliseconds
 * that the work took. If both are 0, the task is tiny, and the worker answers immediately.
 */
export function work({ id, wait, steps }) {
  const from = performance.now();
  const answer = () => ({
    id,
    value: compute(id % seeds, steps),
    own: performance.now() - from,
    worker: `${process.pid}:${threadId}`,
  });
  if (wait === 0) return answer();
  return new Promise((resolve) => {
    setTimeout(() => resolve(answer()), wait);
  });
}

const known = new Map();

function expectedOf({ id, steps }) {
  const key = `${id % seeds} ${steps}`;
  if (!known.has(key)) known.set(key, compute(id % seeds, steps));
  return known.get(key);
}

/** Throws unless `answer` is the answer to this task. */
export function check(task, answer) {
  const expected = expectedOf(task);
  if (answer?.id === task.id && answer.value === expected && answer.own >= task.wait - 1) return;
  throw new Error(`task ${task.id} expected ${expected}, and was answered ${JSON.stringify(answer)}`);
}

export const wait = (id, ms) => ({ id, wait: ms, steps: 0 });
export const computes = (id, steps) => ({ id, wait: 0, steps });
/** Returns a task that is answered immediately. */
export const tiny = (id) => ({ id, wait: 0, steps: 0 });
