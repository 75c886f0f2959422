// Writes its handshake line, and never reads from descriptor 3.
import { checkCookie, handshakeLine, writeUpstream } from './base.mjs';
checkCookie();
writeUpstream(handshakeLine());
setInterval(() => {}, 60_000);
