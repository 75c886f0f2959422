// Resets the stream of every call.
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod: (_peer, _params, _answer, stream) => stream.reset() });
