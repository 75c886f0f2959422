// The short forms of the programs: the same code as `node reliability/run.mjs NAME`, for seconds instead of minutes.
import { describe, expect, test } from 'vitest';
import { attacks, runAttack } from '../programs/attacks.mjs';
import { hostDies, pluginDies } from '../programs/deaths.mjs';
import { run as exact } from '../programs/exact.mjs';
import { run as fuzz } from '../programs/fuzz.mjs';
import { run as fuzzMux } from '../programs/fuzz-mux.mjs';
import { run as load } from '../programs/load.mjs';
import { run as soak } from '../programs/soak.mjs';
import { run as stuck, sceneNames } from '../programs/stuck.mjs';
import { phases } from '../lib/phases.mjs';

const seed = Math.trunc(Math.random() * 2 ** 31);
// A second on a machine that does nothing else; the suite runs its files side by side.
const boundMs = 3_000;
const clean = ({ findings }) => expect(findings).toEqual([]);

describe('when the plugin is killed, the host settles all that was pending', () => {
  test.each(Object.keys(phases))('%s', async (name) => clean(await pluginDies(name, boundMs)));
});

describe('when the host is killed, no plugin is left behind', () => {
  test.each(Object.keys(phases))('%s', async (name) => clean(await hostDies(name, boundMs)));
});

// Side by side, since they mostly wait: for a ping's deadline, for the steps of a kill.
describe.concurrent('a side holds little, is told and gets away, with', () => {
  test.each(sceneNames)('%s', async (name) => clean(await stuck({ only: name })), 30_000);
});

for (const towards of ['host', 'plugin']) {
  describe(`the ${towards} stands a peer that`, () => {
    test.each(Object.keys(attacks[towards]))('%s', async (name) => clean(await runAttack(towards, name)));
  });
}

describe(`under chance (seed ${seed})`, () => {
  test(
    'corrupted bytes never crash, hang or grow either side',
    async () => clean(await fuzz({ cases: 60, seed })),
    60_000,
  );
  test(
    'corrupted frames never crash, hang or grow a bare session',
    async () => clean(await fuzzMux({ cases: 400, seed })),
    60_000,
  );
  test(
    'streams and values arrive exactly as they were sent',
    async () => clean(await exact({ runs: 10, seed })),
    60_000,
  );
});

describe('under load', () => {
  test(
    'plugins, calls and bytes in number are answered and flow',
    async () => clean(await load({ plugins: 8, calls: 1_000, mebibytes: 24 })),
    60_000,
  );
  test(
    'mixed use answers rightly and leaves nothing',
    async () => clean(await soak({ minutes: 0.05, samples: 10, seed })),
    60_000,
  );
});
