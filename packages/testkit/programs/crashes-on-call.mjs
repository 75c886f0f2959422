// Exits at every call, with a reason on stderr and exit code 3.
import process from 'node:process';
import { startPlugin } from './base.mjs';
startPlugin({
  anyMethod() {
    process.stderr.write('fatal: the database is gone\n');
    process.exit(3);
  },
});
