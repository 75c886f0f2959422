/** The checks of `pipework doctor` and their results. */
import type { Probes } from './probes.ts';

/**
 * `ok`: everything that the check covers works. `limited`: plugins run, but another feature of pipework does
 * not work. `broken`: some or all plugins do not run. `does not apply`: the check has no meaning on this
 * system.
 */
export type Level = 'ok' | 'limited' | 'broken' | 'does not apply';

export interface Finding {
  readonly level: Level;
  /** What the check found, with the numbers and names of this machine. */
  readonly found: string;
  /** What this finding means for plugins and their hosts. */
  readonly means: string;
  /** What to do. Every `limited` or `broken` finding has this text. */
  readonly todo?: string;
}

export interface Check {
  /** One word, which the report shows and `--skip` accepts. */
  readonly name: string;
  /** True if the check starts a program. */
  readonly startsPrograms?: boolean;
  run(probes: Probes): Promise<Finding> | Finding;
}

export const ok = (found: string, means: string): Finding => ({ level: 'ok', found, means });

export const limited = (found: string, means: string, todo: string): Finding => ({
  level: 'limited',
  found,
  means,
  todo,
});

export const broken = (found: string, means: string, todo: string): Finding => ({
  level: 'broken',
  found,
  means,
  todo,
});

export const notHere = (found: string, means: string): Finding => ({
  level: 'does not apply',
  found,
  means,
});
