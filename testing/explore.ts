/**
 * The size of an exploration: `runs(60)` is 60 in the suite, and 60 times the variable EXPLORE in the long form, which is
 * `node reliability/run.mjs explore`.
 */
export const runs = (short: number): number => Math.ceil(short * Number(process.env['EXPLORE'] ?? 1));
