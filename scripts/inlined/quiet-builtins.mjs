// Replaces two of Node's modules in all modules of which core consists. When a built-in module is imported,
// Node reads each of its properties to export it by name. For `node:process`, this opens the three standard
// streams. For `node:util` of Node 24 and later, it loads code that opens process.stderr. If such a stream is
// a pipe, it becomes non-blocking for every process that shares the pipe. The replacements read no property
// when they are imported.
const modules = {
  process: {
    source: 'globalThis.process',
    names: ['argv', 'cwd', 'env', 'execArgv', 'execPath', 'hrtime', 'platform'],
  },
  util: {
    source: "globalThis.process.getBuiltinModule('node:util')",
    names: [
      'aborted',
      'callbackify',
      'debuglog',
      'inspect',
      'promisify',
      'stripVTControlCharacters',
      'types',
    ],
  },
};

const nameOf = (specifier) => /^(?:node:)?(process|util)$/.exec(specifier)?.[1];

/** True if {@link quietBuiltins} replaces this built-in module. */
export const isQuiet = (specifier) => nameOf(specifier) !== undefined;

export const quietBuiltins = {
  name: 'quiet-builtins',
  resolveId: (specifier) => (isQuiet(specifier) ? `\0${nameOf(specifier)}` : undefined),
  load: (wanted) => {
    const module = wanted.startsWith('\0') ? modules[wanted.slice(1)] : undefined;
    if (module === undefined) return undefined;
    return `const module = ${module.source};
export default module;
export const { ${module.names.join(', ')} } = module;`;
  },
};
