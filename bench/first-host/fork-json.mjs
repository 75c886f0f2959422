// Starts a child with `fork` and gets one answer, as a user of `fork` would.
import { fork } from 'node:child_process';
import { report } from './report.mjs';

const child = fork(new URL('fork-json-child.mjs', import.meta.url));
child.send([1, 2]);
child.once('message', report);
