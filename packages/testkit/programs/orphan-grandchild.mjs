// Leaves a grandchild behind that holds its standard output and error for half a minute.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { startPlugin } from './base.mjs';
spawn(process.execPath, ['-e', 'setTimeout(() => {}, 30_000)'], {
  stdio: ['ignore', 'inherit', 'inherit'],
}).unref();
startPlugin();
