/**
 * A launcher that runs plugins with as little trust as the machine allows: `@pipework/isolate`.
 *
 * @module
 */

export { isolated, type IsolatedLauncher } from './isolated.ts';
export type { IsolateOptions, Resources } from './options.ts';
export type { Isolation } from './plan.ts';
export { isolateErrorCodes, IsolateError, type IsolateErrorCode } from './errors.ts';
