/** What a session runs on: one duplex, or one stream for each direction. */

import type { Duplex, Readable, Writable } from 'node:stream';
import { invalidOption } from './errors.ts';

/**
 * A pair of byte streams. The session owns it from then on: it reads, writes and, when it is over, ends and destroys it.
 * Chunks read from it must stay unchanged, as those of Node's own streams do.
 */
export type Transport = Duplex | { readable: Readable; writable: Writable };

/** Tells the two directions apart and checks that they are what they must be. */
export function splitTransport(transport: Transport): { readable: Readable; writable: Writable } {
  if (isReadable(transport) && isWritable(transport)) return { readable: transport, writable: transport };
  const { readable, writable } = (transport ?? {}) as { readable: unknown; writable: unknown };
  if (!isReadable(readable) || !isWritable(writable)) {
    throw invalidOption('transport', 'a Duplex, or { readable, writable } of Node streams', transport);
  }
  return { readable, writable };
}

function isReadable(value: unknown): value is Readable {
  return isObject(value) && typeof value['on'] === 'function' && typeof value['read'] === 'function';
}

function isWritable(value: unknown): value is Writable {
  return isObject(value) && typeof value['on'] === 'function' && typeof value['write'] === 'function';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
