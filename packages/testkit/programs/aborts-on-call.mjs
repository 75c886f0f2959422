// Ends itself by SIGABRT at every call, as a failed assertion in native code would.
import process from 'node:process';
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod: () => process.kill(process.pid, 'SIGABRT') });
