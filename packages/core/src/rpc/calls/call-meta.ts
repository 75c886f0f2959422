/** Writes and reads the fifth element of a request: the deadline and the metadata of the call. */
import { compacted } from '../../base/own-property.ts';
import type { CallOptions } from '../api/call-options.ts';

/** Returns the fifth element for the options of a call; undefined if no option has to be sent. */
export function metaOf({ deadlineMs, metadata }: CallOptions): Record<string, unknown> | undefined {
  const meta: Record<string, unknown> = {};
  if (deadlineMs !== undefined && deadlineMs < Infinity) meta['deadline'] = Math.ceil(deadlineMs);
  // An interceptor may have set the metadata to any value.
  const entries = Object.entries(Object(metadata) as object);
  if (entries.length > 0)
    meta['metadata'] = Object.fromEntries(
      entries.map(([key, value]) => [wellFormed(key), wellFormed(value)]),
    );
  return Object.keys(meta).length === 0 ? undefined : meta;
}

/** In a text, U+FFFD replaces each lone half of a surrogate pair, as in the arguments of a call. */
function wellFormed(value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}

/**
 * Reads the fifth element that the peer wrote. Fields that are missing or of another type count as absent.
 */
export function readMeta(meta: unknown): {
  metadata: Readonly<Record<string, string>>;
  remainingMs: number | undefined;
} {
  const { deadline, metadata } = Object(meta) as { deadline?: unknown; metadata?: unknown };
  return {
    metadata: Object.freeze(compacted({ ...(Object(metadata) as Record<string, string>) })),
    remainingMs: typeof deadline === 'number' ? deadline : undefined,
  };
}
