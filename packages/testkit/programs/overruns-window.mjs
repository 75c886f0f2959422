// Sends more on standard output at once than any host gave credit for.
import { Buffer } from 'node:buffer';
import { frame, startPlugin, writeUpstream } from './base.mjs';

const tooMuch = Buffer.alloc(32 * 1024 * 1024, 'x');
startPlugin({ anyMethod: () => writeUpstream(frame(0, 0, 3, tooMuch.length, tooMuch)) });
