// At each call, sends 32 MiB on the synced standard output in one frame, more than any host grants as credit.
import { Buffer } from 'node:buffer';
import { frame, startPlugin, writeUpstream } from './base.mjs';

const tooMuch = Buffer.alloc(32 * 1024 * 1024, 'x');
startPlugin({ anyMethod: () => writeUpstream(frame(0, 0, 3, tooMuch.length, tooMuch)) });
