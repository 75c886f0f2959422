#!/usr/bin/env node
/** The program behind `pipework-conformance`. */
import { main } from './conformance/cli.ts';

process.exitCode = await main(
  process.argv.slice(2),
  (text) => process.stdout.write(text),
  (text) => process.stderr.write(text),
);
