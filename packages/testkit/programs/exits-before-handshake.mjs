// Fails while it starts, with a reason on stderr and exit code 3.
import process from 'node:process';
import { checkCookie } from './base.mjs';
checkCookie();
process.stderr.write('cannot read config.json: no such file\n');
process.exitCode = 3;
