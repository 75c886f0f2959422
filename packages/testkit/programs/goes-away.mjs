// Sends a go-away instead of an answer, and keeps its streams open.
import { frame, startPlugin, writeUpstream } from './base.mjs';
startPlugin({ anyMethod: () => writeUpstream(frame(3, 0, 0, 0)) });
