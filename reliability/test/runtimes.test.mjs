import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { runHostEdges, runHostSession, runSession, runtimes } from '../lib/runtimes.mjs';

for (const name of Object.keys(runtimes)) {
  const missing = spawnSync(name, ['--version']).status !== 0;
  const why = missing ? ` (NOT RUN: no ${name} on the PATH; node reliability/runtimes.mjs fetches one)` : '';
  for (const [rule, run] of Object.entries({
    'a plugin runs': runSession,
    'a host runs': runHostSession,
    'a host ends what does not start, blocks or dies': runHostEdges,
  })) {
    test.skipIf(missing)(`${rule} under ${name}${why}`, () => {
      const { status, stdout, stderr } = run(name, name);
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
    });
  }
}
