/**
 * Returns the number of runs of an exploration. In the suite, `runs(60)` is 60. In
 * `node reliability/run.mjs explore`, `runs(60)` is 60 times the environment variable EXPLORE.
 */
export const runs = (short: number): number => Math.ceil(short * Number(process.env['EXPLORE'] ?? 1));
