// Writes something else where the handshake line belongs.
import { checkCookie, writeUpstream } from './base.mjs';
checkCookie();
writeUpstream('Warning: this library prints its banner everywhere\n');
setInterval(() => {}, 60_000);
