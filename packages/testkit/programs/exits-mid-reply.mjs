// Sends the beginning of a reply, and exits with status 0.
import { Buffer } from 'node:buffer';
import process from 'node:process';
import { frame, startPlugin, writeUpstream } from './base.mjs';
startPlugin({
  anyMethod(_peer, _params, _answer, stream) {
    // The frame announces 100 bytes, but has only 4, the beginning of a response.
    writeUpstream(frame(0, 0, stream.id, 100, Buffer.from([0x94, 1, 0, 0xc0])));
    process.exit(0);
  },
});
