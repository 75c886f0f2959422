// `node:process` for what is inlined. As a module Node gives each of its properties out by name, and so opens the three standard streams,
// which makes pipes among them non-blocking for every process that shares them. The global opens a stream when it is asked for it.
const id = '\0process';

export const globalProcess = {
  name: 'global-process',
  resolveId: (specifier) => (/^(node:)?process$/.test(specifier) ? id : undefined),
  load: (wanted) =>
    wanted === id
      ? `const { process } = globalThis;
export default process;
export const { argv, cwd, env, execArgv, execPath, hrtime, platform } = process;`
      : undefined,
};
