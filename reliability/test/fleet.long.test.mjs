// The short form of `node reliability/run.mjs fleet`.
import { describe, expect, test } from 'vitest';
import { blocked, health, kills, pool, reloads } from '../programs/fleet.mjs';

const findings = async (part) => (await part).findings;

describe('a fleet', () => {
  test('settles each call and stream once and runs no call twice, although its plugins are killed', async () => {
    expect(await findings(kills({ calls: 1_000, streams: 100, killEveryMs: 50 }))).toEqual([]);
  });

  test('fails no call during reloads', async () => {
    expect(await findings(reloads({ reloads: 10 }))).toEqual([]);
  });

  test('replaces a stopped process, but not a process that computes', async () => {
    expect(await findings(health())).toEqual([]);
  });

  test('fails only the calls that crash a process of its pool', async () => {
    expect(await findings(pool({ poolSeconds: 3 }))).toEqual([]);
  });

  test('ends no healthy plugin after its host was blocked', async () => {
    expect(await findings(blocked({ plugins: 4, blockMs: 4_000 }))).toEqual([]);
  });
});
