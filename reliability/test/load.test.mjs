// The short forms of `node reliability/run.mjs load` and `soak`.
import { expect, test } from 'vitest';
import { run as load } from '../programs/load.mjs';
import { run as soak } from '../programs/soak.mjs';

const clean = ({ findings }) => expect(findings).toEqual([]);

test('plugins, calls and bytes in number are answered and flow', async () =>
  clean(await load({ plugins: 8, calls: 1_000, mebibytes: 24 })));

test('mixed use answers rightly and leaves nothing', async () =>
  clean(await soak({ minutes: 0.03, samples: 10 })));
