// Answers the first call with a frame of type 9.
import { frame, startPlugin, writeUpstream } from './base.mjs';
startPlugin({
  anyMethod: (_peer, _params, _answer, stream) => writeUpstream(frame(9, 0, stream.id, 0)),
});
