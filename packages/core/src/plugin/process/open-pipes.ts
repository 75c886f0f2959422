/** Opens the plugin's two pipes. */

import { BunDownstream, BunUpstream } from './bun-pipes.ts';
import { NodeDownstream, NodeUpstream } from './node-pipes.ts';
import type { Downstream, Upstream } from './pipes.ts';

/** Opens the pipes on two descriptors, as this runtime requires. */
export function openPipes(from: number, to: number): { downstream: Downstream; upstream: Upstream } {
  return 'Bun' in globalThis
    ? { downstream: new BunDownstream(from), upstream: new BunUpstream(to) }
    : { downstream: new NodeDownstream(from), upstream: new NodeUpstream(to) };
}
