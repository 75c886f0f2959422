/** Everything under the one name `faults`. */
import { chunks, corrupt, cut, delay, everyByte, narrowWindows, stall, truncate } from './plans.ts';
import { readThrough, writeThrough } from './through.ts';

/**
 * Faults to put between two ends: `connect(plugins, { faults: { toHost: [faults.cut({ after: 100 })] } })`, or between
 * any two streams by `readThrough` and `writeThrough`.
 */
export const faults: {
  readonly chunks: typeof chunks;
  readonly corrupt: typeof corrupt;
  readonly cut: typeof cut;
  readonly delay: typeof delay;
  readonly everyByte: typeof everyByte;
  readonly narrowWindows: typeof narrowWindows;
  readonly stall: typeof stall;
  readonly truncate: typeof truncate;
  readonly readThrough: typeof readThrough;
  readonly writeThrough: typeof writeThrough;
} = { chunks, corrupt, cut, delay, everyByte, narrowWindows, stall, truncate, readThrough, writeThrough };
