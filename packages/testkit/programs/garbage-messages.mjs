// Answers every call with bytes that are not MessagePack.
import { Buffer } from 'node:buffer';
import { startPlugin } from './base.mjs';
startPlugin({
  anyMethod: (_peer, _params, _answer, stream) => stream.write(Buffer.from([0xc1, 0xc1, 0xc1, 0xc1])),
});
