// Runs, and never writes a handshake line.
import { checkCookie } from './base.mjs';
checkCookie();
setInterval(() => {}, 60_000);
