// Closes descriptor 4 without a line, and runs on.
import { closeSync } from 'node:fs';
import { checkCookie } from './base.mjs';
checkCookie();
closeSync(4);
setInterval(() => {}, 60_000);
