// Removes the features of execa that pipework's one call does not use: synchronous runs, IPC, verbose output,
// transforms, `pipe()`, collected output, clean-up at exit, local binaries. pipework needs what remains:
// cross-spawn's rules for shebangs and Windows, checked options, and one result for every way in which a
// spawn can fail. The published execa makes a host's start 60 ms longer on Node 20, and opens process.stdin.
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { editedPackage } from './edits.mjs';

const noop = (...names) => names.map((name) => `export const ${name} = () => {};`).join('\n');

export const execa = (folder) =>
  editedPackage({
    name: 'execa',
    entry: () => {
      const main = createRequire(resolve(folder, 'package.json')).resolve('execa');
      const core = JSON.stringify(resolve(dirname(main), 'lib/methods/main-async.js'));
      return `import { execaCoreAsync } from ${core};
export const execa = (file, args, options) => execaCoreAsync(file, args, { ...options });`;
    },
    edits: {
      'execa/lib/utils/standard-stream.js': [
        // The original code reads process.stdin, process.stdout and process.stderr, and so opens these
        // streams. pipework never passes one of these objects to execa.
        [/STANDARD_STREAMS = \[.*\]/, 'STANDARD_STREAMS = []'],
      ],
      'execa/lib/stdio/direction.js': [
        [/\[0, process\.stdin\]\.includes\(value\)/, 'value === 0'],
        [/\[1, 2, process\.stdout, process\.stderr\]\.includes\(value\)/, 'value === 1 || value === 2'],
      ],
      'execa/lib/arguments/escape.js': `export const joinCommand = () => ({ command: '', escapedCommand: '' });
export const escapeLines = (text) => text;`,
      'execa/lib/terminate/signal.js': [
        [/^import \{signalsByName\} from 'human-signals';$/m, ''],
        [/signalsByName\[signal\]\.description/, 'signal'],
      ],
      'execa/lib/methods/main-async.js': [
        // In a test environment such as happy-dom, the global AbortController is not Node's. Node then refuses
        // to change the limit of its signal's listeners, and its signal has no such limit.
        [
          /setMaxListeners\(Number\.POSITIVE_INFINITY, controller\.signal\);/,
          'try { setMaxListeners(Number.POSITIVE_INFINITY, controller.signal); } catch {}',
        ],
      ],
      'execa/lib/verbose/start.js': noop('logCommand'),
      'execa/lib/verbose/complete.js': noop('logResult'),
      'execa/lib/verbose/info.js': `export const getVerboseInfo = () => ({ verbose: [] });`,
      'execa/lib/verbose/output.js': noop('shouldLogOutput', 'logLines'),
      'execa/lib/ipc/methods.js': noop('addIpcMethods'),
      'execa/lib/ipc/graceful.js': noop('sendAbort'),
      'execa/lib/ipc/ipc-input.js': noop('validateIpcInputOption', 'sendIpcInput'),
      'execa/lib/ipc/buffer-messages.js': `export const waitForIpcOutput = async ({ ipcOutput }) => ipcOutput;
export const getBufferedIpcOutput = async (_, ipcOutput) => ipcOutput;`,
      'execa/lib/pipe/setup.js': noop('pipeToSubprocess'),
      'execa/lib/convert/add.js': noop('addConvertedStreams'),
      'execa/lib/transform/generator.js': noop('generatorToStream'),
      'execa/lib/io/iterate.js': noop('iterateForResult'),
      'execa/lib/terminate/cleanup.js': noop('cleanupOnExit'),
      'get-stream/source/index.js': `${noop('getStreamAsArray', 'getStreamAsArrayBuffer')}
export class MaxBufferError extends Error {}
export default () => {};`,
      'npm-run-path/index.js': noop('npmRunPathEnv'),
      '@sindresorhus/merge-streams/index.js': `export default () => {};`,
    },
  });
