// Exits with status 0 by itself a moment after its line, as if it had been stopped.
import process from 'node:process';
import { startPlugin } from './base.mjs';
startPlugin();
setTimeout(() => process.exit(0), Number(process.argv[2] ?? 100));
