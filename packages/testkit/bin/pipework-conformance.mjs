#!/usr/bin/env node
import process from 'node:process';
import { main } from '../dist/conformance/cli.js';

process.exitCode = await main(
  process.argv.slice(2),
  (text) => process.stdout.write(text),
  (text) => process.stderr.write(text),
);
