// Answers the first call with a frame of version 1.
import { frame, startPlugin, writeUpstream } from './base.mjs';
startPlugin({
  anyMethod(_peer, _params, _answer, stream) {
    const bytes = frame(0, 0, stream.id, 0);
    bytes[0] = 1;
    writeUpstream(bytes);
  },
});
