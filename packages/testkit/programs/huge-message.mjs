// Announces a result of 4 GiB and sends its beginning.
import { Buffer } from 'node:buffer';
import { startPlugin } from './base.mjs';
startPlugin({
  anyMethod(_peer, _params, _answer, stream, msgid) {
    const head = Buffer.from([0x94, 1, 0xce, 0, 0, 0, 0, 0xc0, 0xc6, 0xff, 0xff, 0xff, 0xff]);
    head.writeUInt32BE(msgid, 3);
    stream.write(head);
  },
});
