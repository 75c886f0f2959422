#!/usr/bin/env node
/** The program that `npm create pipework` runs: `pipework new`. */
import { run } from '@pipework/cli';

process.exitCode = await run(['new', ...process.argv.slice(2)]);
