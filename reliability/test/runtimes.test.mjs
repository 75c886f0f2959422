import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { runSession, runtimes } from '../lib/runtimes.mjs';

for (const name of Object.keys(runtimes)) {
  const missing = spawnSync(name, ['--version']).status !== 0;
  const why = missing ? ` (NOT RUN: no ${name} on the PATH; node reliability/runtimes.mjs fetches one)` : '';
  test.skipIf(missing)(`a plugin runs under ${name}${why}`, () => {
    const { status, stdout, stderr } = runSession(name, name);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
  });
}
