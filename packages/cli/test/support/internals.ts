/**
 * Re-exports internal parts of the package for its tests. No other test file imports internal parts from
 * `src`, so only this file changes if a file of `src` moves.
 */

export { nodeCheck, supportedNode, supportsNode } from '../../src/doctor/checks/node.ts';
export { checks, examine, type Result } from '../../src/doctor/examine.ts';
export type { Check } from '../../src/doctor/finding.ts';
export { realProbes, type Probes } from '../../src/doctor/probes.ts';
export { declarationsOf } from '../../src/dts.ts';
export { exitStatuses } from '../../src/exit-status.ts';
export { commands, main } from '../../src/main.ts';
export { languages, type Language } from '../../src/template.ts';
