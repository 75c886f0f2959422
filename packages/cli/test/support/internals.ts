/**
 * Gives the command's tests what the package does not export. No other file imports it from `src`. If a file
 * of `src` moves, only this file changes.
 */

export { nodeCheck, supportedNode, supportsNode } from '../../src/doctor/checks/node.ts';
export { checks, examine, type Result } from '../../src/doctor/examine.ts';
export type { Check } from '../../src/doctor/finding.ts';
export { realProbes, type Probes } from '../../src/doctor/probes.ts';
export { exitStatuses } from '../../src/exit-status.ts';
export { commands, main } from '../../src/main.ts';
export { languages, type Language } from '../../src/template.ts';
