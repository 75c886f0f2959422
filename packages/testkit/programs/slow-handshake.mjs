// Writes its line after as many milliseconds as its argument says (2000 without one).
import process from 'node:process';
import { checkCookie, startPlugin } from './base.mjs';
checkCookie();
setTimeout(startPlugin, Number(process.argv[2] ?? 2000));
