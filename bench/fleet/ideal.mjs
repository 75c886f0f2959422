// Computes the time that a scheduler without any cost would need. The pools are compared with this time.

/**
 * Returns the time in milliseconds after which an ideal scheduler has done all tasks. This scheduler gives
 * the tasks, in their order, to the first worker that is free. It does not know how long a task takes, and
 * passing a task takes no time. `owns` has the time that each task took inside its worker.
 */
export function idealMs(owns, workers) {
  const busyUntil = new Float64Array(workers);
  for (const own of owns) {
    let first = 0;
    for (let n = 1; n < workers; n += 1) if (busyUntil[n] < busyUntil[first]) first = n;
    busyUntil[first] += own;
  }
  return Math.max(...busyUntil);
}
