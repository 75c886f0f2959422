// Answers with the id of a call that was never made.
import { encode } from './msgpack.mjs';
import { startPlugin } from './base.mjs';
startPlugin({
  anyMethod: (_peer, _params, _answer, stream, msgid) =>
    stream.write(encode([1, msgid + 1000, null, 'who?'])),
});
