/** Writes and reads the fifth element of a request: the deadline and the metadata of the call. */
import { compacted } from '../../base/own-property.ts';
import type { CallOptions } from '../api/call-options.ts';

/** Returns the fifth element for the options of a call; undefined if no option has to be sent. */
export function metaOf({ deadlineMs, metadata }: CallOptions): Record<string, unknown> | undefined {
  const meta: Record<string, unknown> = {};
  if (deadlineMs !== undefined && deadlineMs < Infinity) meta['deadline'] = Math.ceil(deadlineMs);
  // An interceptor may have set the metadata to any value.
  if (Object.keys(Object(metadata) as object).length > 0) meta['metadata'] = { ...metadata };
  return Object.keys(meta).length === 0 ? undefined : meta;
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
