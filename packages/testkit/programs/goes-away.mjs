// Sends go-away in place of an answer, and keeps its streams.
import { frame, startPlugin, writeUpstream } from './base.mjs';
startPlugin({ anyMethod: () => writeUpstream(frame(3, 0, 0, 0)) });
