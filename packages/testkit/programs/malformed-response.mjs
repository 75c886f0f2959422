// Answers with a MessagePack value that is not a response: an array of two.
import { encode } from './msgpack.mjs';
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod: (_peer, _params, _answer, stream, msgid) => stream.write(encode([1, msgid])) });
