import { serve } from '@pipework/core/plugin';
import { configurations } from './configurations.mjs';

configurations[process.argv[2]]();

/** Computes for some tens of microseconds. Each call does the same amount of work. */
function work(seed) {
  let value = seed;
  for (let n = 0; n < 30_000; n += 1) value = (value * 31 + n) % 1_000_003;
  return value;
}

await serve({ plugins: { bench: () => ({ add: (a, b) => a + b, work: async (seed) => work(seed) }) } });
