/**
 * Command lines of plugins that misbehave. Each kind of misbehaviour has its own program. A host must survive
 * all these plugins.
 */
import { fileURLToPath } from 'node:url';

/**
 * Every kind of misbehaviour, with a sentence that describes it. Apart from its kind of misbehaviour, the
 * plugin behaves correctly.
 */
export const conducts = {
  behaves: 'The control: behaves correctly. If a test fails with it too, the test or the kit is wrong.',
  'no-cookie-check': 'Ignores the cookie, so it starts even if no host has started it.',
  'no-handshake': 'Runs, but writes nothing.',
  'slow-handshake':
    'Writes its handshake line after as many milliseconds as its argument says (2000 without an argument).',
  'wrong-version': 'Speaks only application version 999.',
  'wrong-api-version': 'Speaks version 2 of the handshake.',
  'wrong-network': 'Says that it listens on a socket.',
  'wrong-protocol': 'Announces the protocol `grpc` in its handshake line.',
  'short-line': 'Its handshake line has two fields.',
  'endless-line': 'Its handshake line never ends.',
  'prints-garbage': 'Writes other text in place of the handshake line.',
  'exits-before-handshake': 'Fails while it starts: writes a reason to stderr and exits with code 3.',
  'closes-pipe-before-handshake': 'Closes descriptor 4 without a handshake line, and continues to run.',
  'crashes-on-call': 'Exits at every call, with a reason on stderr and exit code 3.',
  'aborts-on-call': 'Ends itself by SIGABRT at every call, as a failed assertion in native code would.',
  'crashes-on-dispense': 'Ends itself when it is asked for an implementation.',
  'exits-mid-reply': 'Sends half of a reply, and exits with status 0.',
  'hangs-on-call': 'Never answers a call. Pings, Quit and the rest work.',
  'hangs-on-dispense': 'Never answers Dispense.',
  'hangs-on-ping': 'Answers everything but Control.Ping.',
  'blocks-the-loop':
    'At a call, blocks its only thread for as many milliseconds as its argument says, or forever without an argument.',
  'ignores-quit': 'Never answers Quit, and exits when descriptor 3 ends.',
  'ignores-eof': 'Never answers Quit, and continues to run when descriptor 3 ends. SIGTERM ends it.',
  'ignores-sigterm':
    'Never answers Quit, continues to run when descriptor 3 ends, and ignores SIGTERM. Only SIGKILL ends it.',
  'floods-stdout': 'Writes to its raw standard output without end, while everything else works.',
  'floods-stderr': 'Writes to its raw standard error without end, while everything else works.',
  'floods-synced-stdout':
    'Writes to its synced standard output without end, within the window, while everything else works.',
  'garbage-frames': 'Writes a correct handshake line, then bytes that are no frames.',
  'wrong-frame-version': 'Answers the first call with a frame of version 1.',
  'unknown-frame-type': 'Answers the first call with a frame of type 9.',
  'huge-frame': 'Announces a data frame of 4 GiB and sends its beginning.',
  'overruns-window': 'Sends more bytes on standard output than any host gives credit for.',
  'truncated-frame': 'Stops sending in the middle of a frame, and continues to run.',
  'opens-wrong-stream': 'Opens a stream with an odd id. Odd ids belong to the host.',
  'floods-streams': 'Opens streams without end, and sends nothing on them.',
  'goes-away': 'Sends go-away in place of an answer, and keeps its streams.',
  'resets-on-call': 'Resets the stream on which a call arrives.',
  'never-accepts': 'Acknowledges no stream that the host opens, and answers no call, not even Ping and Quit.',
  'never-reads': 'Writes its handshake line and never reads a byte from descriptor 3.',
  'ends-control-stream': 'Finishes the control stream in place of the first answer on it.',
  'ends-output-early': 'Finishes both synced streams immediately, while the session continues.',
  'garbage-messages': 'Answers every call with bytes that are no MessagePack.',
  'malformed-response': 'Answers with an array of two elements, which is no response.',
  'huge-message': 'Announces a result of 4 GiB and sends its beginning.',
  'deep-nesting': 'Answers with a hundred thousand nested arrays.',
  'poisons-prototypes': 'Answers with a map whose keys are `__proto__`, `constructor` and `then`.',
  'wrong-message-id': 'Answers calls that were never made.',
  'answers-twice': 'Answers every call twice, with different results.',
  'calls-the-host':
    'Sends the host a request on the stream of a call, which no capability allows, and then answers.',
  'odd-error': 'Fails every call with a number, although an error must be a string or a map.',
  'dispenses-nothing': 'Answers Dispense with a broker id that it never listens for.',
  'asks-without-end':
    'At each call, asks its host without end for a service (`files`, or its argument), and opens each service that it gets.',
  'never-opens-services':
    'At each call, asks its host 1,000 times for a service (`files`, or its argument), and opens no service that it gets.',
  'calls-what-was-not-provided':
    'At each call, asks for services and methods that its host does not offer, and dials ids that it never received. Answers with the outcomes.',
  'lies-in-its-description':
    'Describes itself in wrong types, or as its argument says: `huge`, `deep`, `poisoned`.',
  'orphan-grandchild':
    'Leaves a grandchild that holds the standard output and error of the plugin for half a minute.',
  'grandchild-holds-the-pipe':
    'Leaves a grandchild that holds descriptors 3 and 4 of the plugin for half a minute.',
  'exits-when-idle': 'Exits with status 0 a moment after its handshake line, as if it had been stopped.',
} as const;
Object.freeze(conducts);

/** A kind of misbehaviour. */
export type Misbehaviour = keyof typeof conducts;

/**
 * Returns the command line, `[file, ...args]`, of a plugin program that misbehaves in the way that `kind`
 * names. Give this command line to a Client as `cmd`. The program dispenses an implementation for every name.
 * The methods `echo`, `fail`, `print`, `bytes` and `sleep` answer, unless the kind concerns calls. Some kinds
 * take `args`. For these kinds, the sentence in `conducts` describes the argument.
 *
 * Throws a RangeError if `kind` is not one of the kinds. The message lists the kinds.
 *
 * @example
 * ```ts
 * import { Client } from '@pipework/core';
 * import { misbehave } from '@pipework/testkit';
 *
 * // What does a host do if its plugin never shakes hands?
 * const client = new Client({ cmd: misbehave('no-handshake'), startTimeout: 500 });
 * await client.start().catch((error: unknown) => console.log(error)); // HANDSHAKE_TIMEOUT
 * ```
 */
export function misbehave(kind: Misbehaviour, ...args: string[]): [file: string, ...args: string[]] {
  if (!Object.hasOwn(conducts, kind)) {
    throw new RangeError(
      `misbehave(kind): '${kind}' is not a kind. The kinds are ${Object.keys(conducts).join(', ')}`,
    );
  }
  // The path is the same from src/ and from dist/.
  const program = fileURLToPath(new URL(`../programs/${kind}.mjs`, import.meta.url));
  return [process.execPath, program, ...args];
}
