// Writes its handshake line after as many milliseconds as its argument says, by default 2,000.
import process from 'node:process';
import { checkCookie, startPlugin } from './base.mjs';
checkCookie();
setTimeout(startPlugin, Number(process.argv[2] ?? 2000));
