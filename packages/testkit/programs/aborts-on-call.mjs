// Every call ends this plugin by SIGABRT, as a failed assertion in native code does.
import process from 'node:process';
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod: () => process.kill(process.pid, 'SIGABRT') });
