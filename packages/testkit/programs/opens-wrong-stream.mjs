// Opens a stream with an odd id, though the odd ids belong to the host.
import { frame, startPlugin, SYN, writeUpstream } from './base.mjs';
startPlugin({ anyMethod: () => writeUpstream(frame(1, SYN, 1001, 0)) });
