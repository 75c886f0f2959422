// Its handshake line has two fields.
import { startPlugin } from './base.mjs';
startPlugin({ line: '1|pipe\n' });
