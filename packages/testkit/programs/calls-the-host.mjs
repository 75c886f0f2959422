// Sends the host a request on the stream of a call, though no capability allows that. Then answers the call.
import { encode } from './msgpack.mjs';
import { startPlugin } from './base.mjs';
startPlugin({
  anyMethod(_peer, params, answer, stream) {
    stream.write(encode([0, 1, 'Host.secret', []]));
    answer(null, params[0]);
  },
});
