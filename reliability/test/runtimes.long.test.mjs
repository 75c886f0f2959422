import { describe, expect, test } from 'vitest';
import { findRuntime } from '../../testing/runtimes.mjs';
import { runHostEdges, runHostSession, runSession, runtimes } from '../lib/runtimes.mjs';

describe.each(Object.keys(runtimes))('%s', (name) => {
  // Deno itself makes calls that the seal forbids.
  const isSealed = name === 'deno' && process.env.PIPEWORK_SEALED === '1';
  const file = isSealed ? undefined : findRuntime(name);
  const why = file === undefined ? ` (SKIPPED: needs ${name}, unsealed)` : '';
  for (const [rule, run] of Object.entries({
    'runs a plugin': runSession,
    'runs a host': runHostSession,
    'runs a host whose plugins block, die or never start': runHostEdges,
  })) {
    test.skipIf(file === undefined)(`${rule}${why}`, () => {
      const { status, stdout, stderr } = run(name, file);
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
    });
  }
});
