// Writes to its raw standard error without end, while everything else works.
import process from 'node:process';
import { startPlugin } from './base.mjs';
const lines = 'warning: something is deprecated\n'.repeat(1024);
const flood = () => process.stderr.write(lines, () => setImmediate(flood));
process.stderr.on('error', () => {});
flood();
startPlugin();
