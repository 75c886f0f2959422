// Announces in its handshake line that it listens on a socket.
import { startPlugin } from './base.mjs';
startPlugin({ line: '1|tcp|127.0.0.1:1234|msgpack-rpc|1||1\n' });
