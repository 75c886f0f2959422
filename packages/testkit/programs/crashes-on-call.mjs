// Every call ends it: a reason on stderr, exit code 3.
import process from 'node:process';
import { startPlugin } from './base.mjs';
startPlugin({
  anyMethod() {
    process.stderr.write('fatal: the database is gone\n');
    process.exit(3);
  },
});
