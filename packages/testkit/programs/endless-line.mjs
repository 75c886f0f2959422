// Writes a handshake line that never ends.
import { checkCookie, writeUpstream } from './base.mjs';
checkCookie();
setInterval(() => writeUpstream('1|pipe|'.padEnd(1024, 'x')), 5);
