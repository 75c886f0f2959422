// Exits with status 4 when the host asks for an implementation.
import process from 'node:process';
import { startPlugin } from './base.mjs';
startPlugin({
  control: {
    Dispense() {
      process.stderr.write('fatal: licence expired\n');
      process.exit(4);
    },
  },
});
