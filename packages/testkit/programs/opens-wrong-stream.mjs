// Opens a stream with an odd id, which is the host's half of the numbers.
import { frame, startPlugin, SYN, writeUpstream } from './base.mjs';
startPlugin({ anyMethod: () => writeUpstream(frame(1, SYN, 1001, 0)) });
