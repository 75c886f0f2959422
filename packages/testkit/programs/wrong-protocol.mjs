// Announces the protocol `grpc` in its handshake line.
import { startPlugin } from './base.mjs';
startPlugin({ line: '1|pipe|3,4|grpc|1||1\n' });
