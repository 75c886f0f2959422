// Speaks version 2 of the handshake.
import { startPlugin } from './base.mjs';
startPlugin({ line: '2|pipe|3,4|msgpack-rpc|1||1\n' });
