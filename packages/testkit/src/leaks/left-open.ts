/**
 * At the end of the tests, reports the clients and pairs that the tests have left open. Each of them is
 * reported once.
 */
import { writeSync } from 'node:fs';
import { openThings, type OpenThing } from './open-things.ts';

/** If this environment variable is set to any value, the kit reports nothing. */
const switchOff = 'PIPEWORK_TESTKIT_QUIET';

const told = new WeakSet<OpenThing>();

/**
 * Returns the notice about things that are open and were not reported yet, or '' if there are no such things.
 */
function notice(): string {
  const left = openThings().filter((thing) => !told.has(thing));
  if (left.length === 0 || process.env[switchOff] !== undefined) return '';
  for (const thing of left) told.add(thing);
  const lines = left.map(({ what, stack }) => `- ${what}, opened ${stack}`);
  return [
    `@pipework/testkit: ${left.length === 1 ? 'this is' : 'these are'} still open after the tests:`,
    ...lines,
    `End it with kill() or close(), by await using, or with its test. ${switchOff}=1 switches this notice off.`,
    '',
  ].join('\n');
}

function tell(): void {
  const text = notice();
  // The write must be synchronous, because the process may be about to end, and a stream would then lose the
  // text.
  if (text !== '') writeSync(2, text);
}

process.on('exit', tell);

/** Makes the kit report at the end of each test file too, through the runner's hook `afterAll`. */
export function tellLeftOpen(afterAll: (hook: () => void) => void): void {
  try {
    afterAll(tell);
  } catch {
    // The kit was loaded outside a test file, so it reports only when the process exits.
  }
}
