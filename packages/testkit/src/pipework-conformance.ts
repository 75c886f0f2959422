#!/usr/bin/env node
/** The program of the command `pipework-conformance`. */
import { main } from './conformance/cli.ts';

// Each plugin leads a separate process group. Neither a Ctrl-C in the terminal nor a signal to this process
// reaches that group, so the suite must end the plugins.
const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, (signal) => interrupt.abort(signal));

try {
  process.exitCode = await main(
    process.argv.slice(2),
    (text) => process.stdout.write(text),
    (text) => process.stderr.write(text),
    interrupt.signal,
  );
} catch (error) {
  if (!interrupt.signal.aborted) throw error;
  process.kill(process.pid, interrupt.signal.reason as NodeJS.Signals);
}
