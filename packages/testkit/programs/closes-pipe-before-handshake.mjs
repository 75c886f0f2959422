// Closes descriptor 4 before the handshake line, and continues to run.
import { closeSync } from 'node:fs';
import { checkCookie } from './base.mjs';
checkCookie();
closeSync(4);
setInterval(() => {}, 60_000);
