// Leaves a grandchild behind that holds descriptors 3 and 4 for half a minute.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { startPlugin } from './base.mjs';
const stdio = ['ignore', 'ignore', 'ignore', 3, 4];
spawn(process.execPath, ['-e', 'setTimeout(() => {}, 30_000)'], { stdio }).unref();
startPlugin();
