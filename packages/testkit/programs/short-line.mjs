// Writes a handshake line of only two fields.
import { startPlugin } from './base.mjs';
startPlugin({ line: '1|pipe\n' });
