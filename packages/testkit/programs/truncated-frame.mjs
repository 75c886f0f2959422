// Writes the first 7 bytes of a frame at each call, and continues to run.
import { frame, startPlugin, writeUpstream } from './base.mjs';
startPlugin({
  anyMethod: (_peer, _params, _answer, stream) => writeUpstream(frame(0, 0, stream.id, 100).subarray(0, 7)),
});
