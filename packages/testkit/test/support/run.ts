/** Runs Node programs, and suites with Vitest. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));

export interface Run {
  readonly status: number;
  readonly output: string;
}

/**
 * Runs Node with `args` in `cwd`, until it exits. The environment lacks the variables of this test run,
 * because they would affect a further run of Vitest.
 */
export const runNode = (cwd: string, ...args: string[]): Promise<Run> => runNodeWith({}, cwd, ...args);

/** Runs Node as `runNode` does, but adds the variables in `more` to its environment. */
export function runNodeWith(
  more: Readonly<Record<string, string>>,
  cwd: string,
  ...args: string[]
): Promise<Run> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV|NODE_V8_COVERAGE)/.test(name)),
  );
  const env = { ...inherited, ...more };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const status = typeof error?.code === 'number' ? error.code : 0;
      resolve({ status, output: stripVTControlCharacters(stdout + stderr) });
    });
  });
}

/** Runs Vitest once in `folder`. The config is the one in `folder`, unless the options name another. */
export const runVitest = (folder: string, ...options: string[]): Promise<Run> =>
  runNode(
    folder,
    vitest,
    'run',
    ...(options.includes('--config') ? [] : ['--config', `${folder}/vitest.config.ts`]),
    ...options,
  );
