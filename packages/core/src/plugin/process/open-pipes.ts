/** Opens the plugin's two pipes. */

import { BunDownstream, BunUpstream } from './bun-pipes.ts';
import { NodeDownstream, NodeUpstream } from './node-pipes.ts';
import type { Downstream, Upstream } from './pipes.ts';

/**
 * Opens the pipes on the descriptors `from` and `to`. Throws an error with the code EEXIST if the program
 * itself already reads or writes one of these descriptors.
 */
export function openPipes(from: number, to: number): { downstream: Downstream; upstream: Upstream } {
  if (process.platform === 'win32' && isRead(from)) throw Object.assign(new Error(), { code: 'EEXIST' });
  return 'Bun' in globalThis
    ? { downstream: new BunDownstream(from), upstream: new BunUpstream(to) }
    : { downstream: new NodeDownstream(from), upstream: new NodeUpstream(to) };
}

/**
 * Returns true if this process already reads the descriptor. Windows would open the descriptor a second time
 * without an error, and each of the two readers would miss bytes.
 */
function isRead(fd: number): boolean {
  const { _getActiveHandles: handles } = process as { _getActiveHandles?(): readonly { fd?: number }[] };
  return handles?.call(process).some((handle) => handle.fd === fd) === true;
}
