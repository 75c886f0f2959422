/** The byte streams of a session: one Duplex, or one stream for each direction. */

import type { Duplex, Readable, Writable } from 'node:stream';
import { invalidOption } from './errors.ts';

/**
 * A pair of byte streams. The session takes the pair over: it reads one stream, writes the other, and ends
 * and destroys both when the session ends. The transport must not change a chunk that it has delivered.
 * Node's own streams never change a delivered chunk.
 */
export type Transport = Duplex | { readable: Readable; writable: Writable };

/** Returns the two directions. Throws `MUX_OPTION_INVALID` if one is not a suitable stream. */
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
