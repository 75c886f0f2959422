// Resets the stream on which a call came.
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod: (_peer, _params, _answer, stream) => stream.reset() });
