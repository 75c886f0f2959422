// sealed.mjs CMD...: runs a command, and everything that it starts. The kernel kills a process that calls
// socket, connect, bind, listen or accept. A run that succeeds proves that its processes made none of these
// calls. socketpair() stays allowed: see lib/seal.mjs.
//
//   node reliability/sealed.mjs node_modules/.bin/vitest run
import { uptime } from 'node:os';
import { endedBySeal, runSealed, sealedCalls, whyNotSealed } from './lib/seal.mjs';

const command = process.argv.slice(2);
if (command.length === 0) {
  console.error('usage: node reliability/sealed.mjs CMD [ARGS...]');
  process.exit(2);
}
const obstacle = whyNotSealed();
if (obstacle) {
  console.error(`sealed: NOT RUN, this machine can't seal: ${obstacle}`);
  process.exit(3);
}
console.error(
  `sealed: ${command.join(' ')}\nsealed: any of ${sealedCalls.join(', ')} ends the process that calls it`,
);
const since = uptime();
const { status, signal } = runSealed(command);
if (signal === 'SIGSYS' || status === 159) console.error('sealed: BROKEN, a sealed call was made (SIGSYS)');
// A test that expects the death of a process does not notice that the seal caused it. So the kernel's log is
// checked as well.
for (const [what, times] of Object.entries(endedBySeal(since) ?? {})) {
  console.error(`sealed: the kernel ended ${what}, ${times} times`);
}
console.error(`sealed: ended with ${signal ?? `status ${status}`}`);
process.exit(status ?? 159);
