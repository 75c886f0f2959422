#!/usr/bin/env node
/**
 * The program `pipework`. It never calls `process.exit()`, because that drops output that a pipe has not
 * accepted yet.
 */
import { nodeCheck, supportsNode } from './doctor/checks/node.ts';

try {
  const { run } = await import('./run.ts');
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  // An old Node may lack what these modules need.
  if (supportsNode(process.versions.node)) throw error;
  const { found, todo } = nodeCheck.run({ nodeVersion: process.versions.node });
  process.stderr.write(`pipework: ${found}\nto do: ${todo}\n`);
  process.exitCode = 1;
}
