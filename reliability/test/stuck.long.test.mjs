// The short form of `node reliability/run.mjs stuck --seconds 20`. The scenes of programs/stuck.mjs run in
// parallel, because they mostly wait for a ping's deadline or for the steps of a kill. So each scene measures
// the memory of all scenes.
import { describe, expect, test } from 'vitest';
import { run, sceneNames } from '../programs/stuck.mjs';

describe.concurrent('if its peer is stuck, a side holds little memory, gets an error and can end', () => {
  test.each(sceneNames)('%s', async (only) =>
    expect((await run({ only, boundMiB: 96 })).findings).toEqual([]),
  );
});
