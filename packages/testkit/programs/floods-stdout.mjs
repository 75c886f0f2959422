// Writes to its raw standard output without end, while everything else works.
import process from 'node:process';
import { startPlugin } from './base.mjs';
const lines = 'a line that nobody asked for\n'.repeat(1024);
const flood = () => process.stdout.write(lines, () => setImmediate(flood));
process.stdout.on('error', () => {});
flood();
startPlugin();
