// The attacks of `node reliability/run.mjs attacks`, with one test for each.
import { describe, expect, test } from 'vitest';
import { attacks, runAttack } from '../programs/attacks.mjs';

for (const towards of Object.keys(attacks)) {
  describe(`the ${towards} survives a peer that`, () => {
    test.each(Object.keys(attacks[towards]))('%s', async (name) => {
      expect((await runAttack(towards, name)).findings).toEqual([]);
    });
  });
}
