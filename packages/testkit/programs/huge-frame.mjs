// Announces a data frame of 4 GiB and sends its beginning.
import { Buffer } from 'node:buffer';
import { frame, startPlugin, writeUpstream } from './base.mjs';
startPlugin({
  anyMethod(_peer, _params, _answer, stream) {
    writeUpstream(frame(0, 0, stream.id, 0xffff_ffff, Buffer.alloc(1024)));
  },
});
