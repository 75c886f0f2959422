// Writes a warning instead of the handshake line.
import { checkCookie, writeUpstream } from './base.mjs';
checkCookie();
writeUpstream('Warning: this library prints its banner everywhere\n');
setInterval(() => {}, 60_000);
