// Replaces imports of Node's built-in modules in core and in the packages inlined into it. When a built-in
// module is imported, Node reads each of the module's properties to export it by name. This costs more than
// the module itself: 1.4 ms of processor time for `node:fs`, whose properties load further modules, and 0.2
// ms for a small module. For `node:process`, these reads open the three standard streams. For `node:util` of
// Node 24 and later, these reads load code that opens process.stderr. If such a stream is a pipe, it becomes
// non-blocking for every process that shares the pipe. Code that replaces an import reads only the names that
// are listed below (docs/decisions/0001).
import { builtinModules } from 'node:module';

/**
 * The names that core's own modules and the inlined packages import. The build fails if this list lacks a
 * name.
 */
const names = {
  async_hooks: ['AsyncLocalStorage', 'AsyncResource'],
  buffer: ['Buffer', 'isAscii'],
  child_process: ['ChildProcess', 'spawn'],
  console: ['Console'],
  diagnostics_channel: ['channel', 'subscribe', 'tracingChannel', 'unsubscribe'],
  events: ['EventEmitter', 'addAbortListener', 'once', 'setMaxListeners'],
  fs: [
    'closeSync',
    'constants',
    'createReadStream',
    'createWriteStream',
    'existsSync',
    'fstatSync',
    'fsyncSync',
    'openSync',
    'read',
    'readFileSync',
    'readSync',
    'readdir',
    'readdirSync',
    'readlinkSync',
    'realpath',
    'realpathSync',
    'stat',
    'statSync',
    'write',
    'writeSync',
  ],
  'fs/promises': ['access', 'readlink', 'realpath', 'stat'],
  module: ['createRequire'],
  net: ['Socket'],
  os: ['constants', 'endianness'],
  path: [
    'basename',
    'dirname',
    'extname',
    'isAbsolute',
    'join',
    'normalize',
    'posix',
    'relative',
    'resolve',
    'sep',
    'win32',
  ],
  process: ['argv', 'cwd', 'env', 'execArgv', 'execPath', 'hrtime', 'platform'],
  stream: ['Duplex', 'PassThrough', 'Readable', 'Stream', 'Transform', 'Writable'],
  'stream/promises': ['finished'],
  string_decoder: ['StringDecoder'],
  'timers/promises': ['setImmediate', 'setTimeout'],
  tty: [],
  url: ['fileURLToPath'],
  util: ['aborted', 'callbackify', 'debuglog', 'inspect', 'promisify', 'stripVTControlCharacters', 'types'],
};

const known = new Set(builtinModules);

const nameOf = (specifier) => {
  const name = specifier.replace(/^node:/, '');
  return known.has(name) ? name : undefined;
};

const sourceOf = (name) =>
  name === 'process' ? 'globalThis.process' : `globalThis.process.getBuiltinModule('node:${name}')`;

export const quietBuiltins = {
  name: 'quiet-builtins',
  resolveId(specifier, importer, { kind }) {
    const name = nameOf(specifier);
    // Dynamic imports are not replaced.
    if (name === undefined || kind === 'dynamic-import') return undefined;
    // A package that is loaded on demand has its own replacements, because shared replacements would become a
    // further file.
    const [, inside = ''] = /.*\/node_modules\/([^/]+)\//.exec(importer?.replaceAll('\\', '/') ?? '') ?? [];
    return `\0builtin:${kind === 'require-call' ? 'require' : 'import'}:${name}:${inside}`;
  },
  load(wanted) {
    const [, kind, name] = /^\0builtin:(\w+):([\w/]+):/.exec(wanted) ?? [];
    if (name === undefined) return undefined;
    if (kind === 'require') return `module.exports = ${sourceOf(name)};`;
    if (names[name] === undefined) throw new Error(`quiet-builtins has no list of the names of ${name}`);
    return {
      code: `const builtin = ${sourceOf(name)};
export default builtin;
${names[name].length > 0 ? `export const { ${names[name].join(', ')} } = builtin;` : ''}`,
      moduleSideEffects: false,
    };
  },
};
