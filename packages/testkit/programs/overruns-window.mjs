// Sends 32 MiB on the synced standard output in one frame, more than the credit of any host.
import { Buffer } from 'node:buffer';
import { frame, startPlugin, writeUpstream } from './base.mjs';

const tooMuch = Buffer.alloc(32 * 1024 * 1024, 'x');
startPlugin({ anyMethod: () => writeUpstream(frame(0, 0, 3, tooMuch.length, tooMuch)) });
