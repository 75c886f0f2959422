// At each call, opens 10,000 streams, and sends nothing on any of them.
import { frame, startPlugin, SYN, writeUpstream } from './base.mjs';
let id = 2;
startPlugin({
  anyMethod() {
    for (let i = 0; i < 10_000; i++, id += 2) writeUpstream(frame(1, SYN, id, 0));
  },
});
