/** Runs before every test file. */
import { afterAll, expect } from 'vitest';
import { leftProcesses, markChildren, type LeftProcess } from './left-processes.ts';
import { happensWithin } from './happens-within.mjs';

declare module 'vitest' {
  // eslint-disable-next-line typescript/no-explicit-any -- this declaration merges with Vitest's own, which has the same `any`.
  interface Matchers<T = any> {
    /**
     * Passes if the promise resolves, or the condition becomes true, within `ms` milliseconds. Tests of
     * durations use only this matcher. `ms` is the limit on an idle machine. On a busy machine, the limit
     * grows with the load that is measured during the wait. The message of a failure says by how much the
     * limit grew.
     */
    toHappenWithin(ms: number): Promise<void>;
  }
}

expect.extend({
  toHappenWithin: (awaited: PromiseLike<unknown> | (() => boolean), ms: number) => happensWithin(awaited, ms),
});

markChildren();

afterAll(async () => {
  let left: LeftProcess[] = [];
  const areGone = (): boolean => (left = leftProcesses()).length === 0;
  const { pass } = await happensWithin(areGone, 1_000);
  if (pass) return;
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  throw new Error(`this test file left processes behind:\n${left.map(describe).join('\n')}`);
});

const describe = ({ pid, command }: LeftProcess): string => `  ${String(pid)} ${command.slice(0, 300)}`;
