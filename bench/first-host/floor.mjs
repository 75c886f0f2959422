// Starts a child, and exchanges one message with it over two additional pipes, without a library. This is the
// floor of the workload `first-host`.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { report } from './report.mjs';

const child = spawn(process.execPath, [fileURLToPath(new URL('floor-child.mjs', import.meta.url))], {
  stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
});
child.stdio[3].write(Buffer.of(1, 2));
child.stdio[4].once('data', ([sum]) => report(sum));
