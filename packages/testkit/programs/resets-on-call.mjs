// Resets the stream that a call came on.
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod: (_peer, _params, _answer, stream) => stream.reset() });
