/**
 * Returns how many runs an exploration makes. `runs(60)` is 60 in the suite. In the long form, which is `node
 * reliability/run.mjs explore`, it is 60 times the variable EXPLORE.
 */
export const runs = (short: number): number => Math.ceil(short * Number(process.env['EXPLORE'] ?? 1));
