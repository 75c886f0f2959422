// Writes its handshake line, and exits with status 0 after as many milliseconds as its argument says, by
// default 100.
import process from 'node:process';
import { startPlugin } from './base.mjs';
startPlugin();
setTimeout(() => process.exit(0), Number(process.argv[2] ?? 100));
