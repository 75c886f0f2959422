/**
 * Runs the checks one after another, because some count resources that other checks would use at the same
 * time.
 */
import { notHere, type Check, type Finding } from './finding.ts';
import type { Probes } from './probes.ts';
import { bubblewrapCheck } from './checks/bubblewrap.ts';
import { descriptorsCheck } from './checks/descriptors.ts';
import { initCheck } from './checks/init.ts';
import { namespacesCheck } from './checks/namespaces.ts';
import { nodeCheck } from './checks/node.ts';
import { permissionCheck } from './checks/permission.ts';
import { procCheck } from './checks/proc.ts';
import { shellCheck } from './checks/shell.ts';
import { wrappersCheck } from './checks/wrappers.ts';

export const checks: readonly Check[] = [
  nodeCheck,
  wrappersCheck,
  shellCheck,
  procCheck,
  namespacesCheck,
  bubblewrapCheck,
  permissionCheck,
  descriptorsCheck,
  initCheck,
];

export interface Result extends Finding {
  readonly name: string;
}

/**
 * Yields the result of each check as soon as it is known. If a check throws, yields a result with the level
 * `broken`.
 */
export async function* examine(
  chosen: readonly Check[],
  probes: Probes,
): AsyncGenerator<Result, void, undefined> {
  for (const check of chosen) yield { name: check.name, ...(await guarded(check, probes)) };
}

async function guarded(check: Check, probes: Probes): Promise<Finding> {
  if (check.startsPrograms === true && !probes.mayStartProcesses)
    return notHere('not tried, because this process must not start programs', 'see the line on permission');
  try {
    return await check.run(probes);
  } catch (error) {
    return {
      level: 'broken',
      found: `the check failed: ${error instanceof Error ? error.message : String(error)}`,
      means: 'the check has no result',
      todo: 'report this as a bug, with the text above',
    };
  }
}
