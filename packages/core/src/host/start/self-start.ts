/**
 * Recognises an application that starts itself. In a single executable, an Electron or a packaged
 * application, `process.execPath` is the application. `[process.execPath, 'plugin.js']` then starts a copy of
 * the application. If the copy runs the host's code, it starts the next copy, without end.
 */

import { envNames } from '../../handshake/env.ts';

/**
 * The maximum depth of nested processes if each of them was started as a plugin, has not called serve(), and
 * starts the next.
 */
const maxDepth = 3;

/**
 * The mark that a host puts into the environment of a process that it starts: the depth of that process, and
 * a digest of its command.
 */
export interface StartMark {
  readonly depth: number;
  readonly command: string;
}

/**
 * Returns the mark with which this process was started. Undefined if no host started this process, or after
 * serve() was called, which removes the mark.
 */
export function ownMark(env: NodeJS.ProcessEnv): StartMark | undefined {
  // serve() of 0.1, and implementations in other languages, remove the variable of the descriptors but leave
  // the mark. So a mark without that variable does not count.
  if (env[envNames.fds] === undefined) return undefined;
  const match = /^(\d{1,3}):([0-9a-z]{1,20})$/.exec(env[envNames.command] ?? '');
  return match === null ? undefined : { depth: Number(match[1]), command: String(match[2]) };
}

/** Returns the mark for a process that this process starts. */
export function markOf(words: readonly string[], own: StartMark | undefined): string {
  return `${(own?.depth ?? 0) + 1}:${digest(words)}`;
}

/**
 * Returns the reason why a process with the mark `own` must not start the command `words` (program and
 * arguments). Returns undefined if the process may start the command.
 */
export function whyNotFromHere(words: readonly string[], own: StartMark | undefined): string | undefined {
  if (own === undefined) return undefined;
  if (own.command === digest(words)) {
    return 'this process was started by the same command, as a plugin, and has not called serve(): it would start copies of itself without end';
  }
  return own.depth >= maxDepth
    ? `this process is a plugin that was started by a plugin, ${own.depth} deep, and none of them has called serve()`
    : undefined;
}

/** The advice for an application that started itself. */
export const selfStartAdvice =
  'a single executable, an Electron or a packaged application, process.execPath is the application itself. Call serve() in its copies, start a Node of the system, or set ELECTRON_RUN_AS_NODE=1 for Electron (docs/packaged-hosts.md)';

/** True if `process.execPath` is an application rather than a Node that runs any script. */
export function isPackagedApp(): boolean {
  const { versions, env } = process;
  if ('pkg' in process) return true;
  if ('electron' in versions) return env['ELECTRON_RUN_AS_NODE'] === undefined;
  // node:sea is not imported, because bundlers and older versions of Node do not know that module.
  const load = (process as { getBuiltinModule?: (id: string) => unknown }).getBuiltinModule;
  const sea = load?.call(process, 'node:sea') as { isSea(): boolean } | undefined;
  return sea?.isSea() === true;
}

/**
 * Returns a short name of a command: two FNV-1a hashes over its words, one from each end. Only a digest is
 * stored, so that secrets in arguments do not get into the environment.
 */
function digest(words: readonly string[]): string {
  const text = JSON.stringify(words);
  let [forward, backward] = [0x811c9dc5, 0x811c9dc5];
  for (let i = 0; i < text.length; i++) {
    forward = Math.imul(forward ^ text.charCodeAt(i), 0x01000193);
    backward = Math.imul(backward ^ text.charCodeAt(text.length - 1 - i), 0x01000193);
  }
  return (forward >>> 0).toString(36) + (backward >>> 0).toString(36);
}
