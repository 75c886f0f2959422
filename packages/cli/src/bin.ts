#!/usr/bin/env node
/** The program `pipework`. It never calls `process.exit()`, which cuts what a pipe has not taken yet. */
import { main } from './main.ts';

process.exitCode = await main(process.argv.slice(2), {
  stdin: () => process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  onInterrupt: (listener) => {
    process.on('SIGINT', listener);
    return () => process.off('SIGINT', listener);
  },
});
