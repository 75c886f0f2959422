// The short form of `node reliability/run.mjs deaths --times 100`: each phase once.
import { describe, expect, test } from 'vitest';
import { phases } from '../lib/phases.mjs';
import { hostDies, pluginDies } from '../programs/deaths.mjs';

const boundMs = 1_000;

describe('when the plugin is killed, the host settles every pending promise', () => {
  test.each(Object.keys(phases))('%s', async (name) => {
    expect((await pluginDies(name, boundMs)).findings).toEqual([]);
  });
});

describe('when the host is killed, no plugin is left behind', () => {
  test.each(Object.keys(phases))('%s', async (name) => {
    expect((await hostDies(name, boundMs)).findings).toEqual([]);
  });
});
