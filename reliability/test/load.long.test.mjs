// The short forms of `node reliability/run.mjs load` and `soak`.
import { expect, test } from 'vitest';
import { run as load } from '../programs/load.mjs';
import { run as soak } from '../programs/soak.mjs';

const clean = ({ findings }) => expect(findings).toEqual([]);

test('many plugins answer many calls, and all bytes arrive', async () =>
  clean(await load({ plugins: 8, calls: 1_000, mebibytes: 24 })));

test('a mixed load gets right answers and leaves nothing behind', async () =>
  clean(await soak({ minutes: 0.03, samples: 10 })));
