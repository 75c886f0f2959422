// Runs, and never writes a line.
import { checkCookie } from './base.mjs';
checkCookie();
setInterval(() => {}, 60_000);
