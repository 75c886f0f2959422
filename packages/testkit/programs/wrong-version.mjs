// Speaks application version 999 alone.
import { handshakeLine, startPlugin } from './base.mjs';
startPlugin({ line: handshakeLine(999, '999') });
