// Sends more on standard output than the host gave credit for.
import { Buffer } from 'node:buffer';
import { frame, startPlugin, writeUpstream } from './base.mjs';
startPlugin({
  anyMethod() {
    const payload = Buffer.alloc(64 * 1024, 'x');
    // Whatever the host grants meanwhile, 64 MiB at once is beyond it.
    for (let i = 0; i < 1024; i++) writeUpstream(frame(0, 0, 3, payload.length, payload));
  },
});
