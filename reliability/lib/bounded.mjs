// Waiting that ends: a promise that does not settle in time is a finding, not a hang of the program that looks for it.

/** Resolves as the promise does, or rejects with a `STILL_PENDING` error that names what was waited for. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          Object.assign(new Error(`${what} was still pending after ${ms} ms`), { code: 'STILL_PENDING' }),
        ),
      ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks until the answer is true; how long that took in ms. Rejects when it is not true in time. */
export async function until(ms, what, ask) {
  const start = performance.now();
  for (;;) {
    if (await ask()) return performance.now() - start;
    if (performance.now() - start > ms) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
