// Answers with a hundred thousand nested arrays.
import { Buffer } from 'node:buffer';
import { startPlugin } from './base.mjs';
startPlugin({
  anyMethod(_peer, _params, _answer, stream, msgid) {
    const head = Buffer.from([0x94, 1, 0xce, 0, 0, 0, 0, 0xc0]);
    head.writeUInt32BE(msgid, 3);
    stream.write(Buffer.concat([head, Buffer.alloc(100_000, 0x91), Buffer.from([0x90])]));
  },
});
