/** Tells at the end of the tests, once, which clients they have left open. */
import { writeSync } from 'node:fs';
import { openThings, type OpenThing } from './open-things.ts';

/** Set to anything, it switches the notice off. */
const switchOff = 'PIPEWORK_TESTKIT_QUIET';

const told = new WeakSet<OpenThing>();

/** The notice on what is open and was not told yet; '' if there is nothing. */
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
  // The process may be about to end, and a stream would lose it.
  if (text !== '') writeSync(2, text);
}

process.on('exit', tell);

/** Tells it earlier than at the exit: at the end of each test file, if the runner has a hook for that. */
export function tellLeftOpen(afterAll: (hook: () => void) => void): void {
  try {
    afterAll(tell);
  } catch {
    // Loaded outside a test file: the exit tells.
  }
}
