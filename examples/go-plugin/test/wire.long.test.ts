// Tests what the Go plugin does on the wire. The behaviour of its libraries is tested by their projects.
import { describe, expect, test } from 'vitest';
import { replay } from '../../python-plugin/test/support/transcript.ts';
import { replayVectors } from '../../python-plugin/test/support/vectors.ts';
import { command, missing } from './support/go.ts';

const skipped = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

describe.skipIf(missing !== undefined)(`the Go plugin on the wire${skipped}`, () => {
  test('writes byte for byte what docs/other-languages.md shows', async () => {
    const { expected, said, exit } = await replay(command);
    expect(said).toBe(expected);
    expect(exit).toEqual({ code: 0, signal: null });
  });

  test('answers each RPC test vector byte for byte', async () => {
    const { expected, said } = await replayVectors(command);
    expect(Object.keys(expected).length).toBeGreaterThan(10);
    expect(said).toEqual(expected);
  });
});
