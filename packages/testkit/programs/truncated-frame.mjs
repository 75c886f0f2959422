// Stops in the middle of a frame, and runs on.
import { frame, startPlugin, writeUpstream } from './base.mjs';
startPlugin({
  anyMethod: (_peer, _params, _answer, stream) => writeUpstream(frame(0, 0, stream.id, 100).subarray(0, 7)),
});
