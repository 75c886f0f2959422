// Writes a correct handshake line, and then bytes that are not frames.
import { checkCookie, handshakeLine, writeUpstream } from './base.mjs';
checkCookie();
writeUpstream(handshakeLine());
writeUpstream('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
setInterval(() => {}, 60_000);
