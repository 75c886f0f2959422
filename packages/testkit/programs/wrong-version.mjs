// Speaks only application version 999.
import { handshakeLine, startPlugin } from './base.mjs';
startPlugin({ line: handshakeLine(999, '999') });
