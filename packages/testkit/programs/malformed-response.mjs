// Answers with an array of two elements, which is not a response.
import { encode } from './msgpack.mjs';
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod: (_peer, _params, _answer, stream, msgid) => stream.write(encode([1, msgid])) });
