/** Starts the built programs of the examples as a person would. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Run {
  child: ChildProcess;
  stdout: string;
  stderr: string;
  /** The exit code, or the signal's name. */
  ended: Promise<number | string>;
}

/** Starts docs-check in `cwd`. The result collects the program's output while it runs. */
export function start(cwd: string, args: string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // Gives it a process group of its own, so that a test can signal the group as a terminal does.
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const run: Run = {
    child,
    stdout: '',
    stderr: '',
    ended: new Promise((resolve) =>
      child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown')),
    ),
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (run.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (run.stderr += text));
  return run;
}

/** Runs docs-check in `cwd` to its end. */
export async function docsCheck(cwd: string, ...args: string[]): Promise<Run & { code: number | string }> {
  const run = start(cwd, args);
  const code = await run.ended;
  return { ...run, code, stdout: run.stdout, stderr: run.stderr };
}

/** Returns the directory of a fixture plugin, in the form for `--plugins`. */
export function fixture(conduct: string): string {
  return fileURLToPath(new URL(`../fixtures/${conduct}`, import.meta.url));
}
