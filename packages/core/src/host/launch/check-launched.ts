/**
 * Checks that the process from a custom launcher keeps the launcher's contract, before other code uses the
 * process.
 */

import { expect, isObject, isStream } from '../../base/expect.ts';
import type { LaunchedProcess, ProcessExit } from './spawn.ts';

/**
 * Returns a process that keeps the contract: `exited` never rejects and always has a code and a signal, and
 * `kill` never throws. If a field is invalid, throws `CONFIG_INVALID` with the field's name. In that case the
 * process is killed if possible, because the client does not take it over.
 */
export function checkLaunched(made: unknown): LaunchedProcess {
  try {
    assertLaunched(made);
  } catch (error) {
    abandon(made);
    throw error;
  }
  const { readable, writable, stdout, stderr } = made;
  return {
    // A launcher may learn the id only after it has returned the process.
    get pid() {
      return made.pid ?? undefined;
    },
    readable,
    writable,
    stdout: stdout ?? undefined,
    stderr: stderr ?? undefined,
    exited: Promise.resolve(made.exited).then(readExit, () => readExit(undefined)),
    kill: (signal) => {
      try {
        return made.kill(signal);
      } catch {
        // The process is gone already. Its exit follows.
        return false;
      }
    },
    ref: () => made.ref?.(),
    unref: () => made.unref?.(),
  };
}

function assertLaunched(made: unknown): asserts made is LaunchedProcess {
  const shape = 'an object with readable, writable, exited and kill';
  expect(isObject(made), "the launcher's result (a LaunchedProcess)", shape, made);
  const process = made as Readonly<Record<keyof LaunchedProcess, unknown>>;
  const { pid, readable, writable, exited, kill } = process;
  const field = (name: string): string => `the launcher's ${name}`;
  expect(isStream(readable, 'pipe'), field('readable'), 'a Readable, of protocol bytes', readable);
  expect(isStream(writable, 'write'), field('writable'), 'a Writable, for protocol bytes', writable);
  for (const name of ['stdout', 'stderr'] as const) {
    const output = process[name] ?? undefined;
    expect(output === undefined || isStream(output, 'pipe'), field(name), 'a Readable, or undefined', output);
  }
  const promise = 'a promise of { code, signal } that resolves when the process is gone';
  expect(isObject(exited, 'then'), field('exited'), promise, exited);
  expect(typeof kill === 'function', field('kill'), 'a function that takes a signal', kill);
  const isId = pid === undefined || pid === null || (Number.isSafeInteger(pid) && (pid as number) > 0);
  expect(isId, field('pid'), 'a process id, or undefined', pid);
  for (const name of ['ref', 'unref'] as const) {
    const hold = process[name];
    expect(hold === undefined || typeof hold === 'function', field(name), 'a function, or undefined', hold);
  }
}

function readExit(exit: unknown): ProcessExit {
  const { code, signal, limit, reason, held } = (isObject(exit) ? exit : {}) as Partial<ProcessExit>;
  return {
    code: typeof code === 'number' ? code : null,
    signal: typeof signal === 'string' ? signal : null,
    ...(limit === 'memory' || limit === 'cpu' ? { limit } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(isObject(held) ? { held: { ...held } } : {}),
  };
}

/**
 * Ends a process that the client does not take over. Calls the process's `kill` and destroys its `writable`,
 * if they exist.
 */
function abandon(made: unknown): void {
  if (!isObject(made)) return;
  const { kill, writable } = made as Partial<LaunchedProcess>;
  try {
    kill?.call(made, 'SIGKILL');
  } catch {
    // `kill` is not a function, or the process is gone already.
  }
  if (isObject(writable, 'destroy')) writable?.destroy();
}
