// Keeps the machine busy: two endless loops, and a third program that starts and ends processes.
import { spawn } from 'node:child_process';

const loop = 'for (;;) {}';
const starts = `
  const { spawnSync } = require('node:child_process');
  for (;;) spawnSync(process.execPath, ['-e', '0']);`;

/** Starts the load immediately, at normal priority. `end()` ends the load. */
export function startLoad() {
  const children = [loop, loop, starts].map((script) =>
    spawn(process.execPath, ['-e', script], { stdio: 'ignore' }),
  );
  return {
    end() {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}
