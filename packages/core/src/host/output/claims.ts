/**
 * Sorts the fields of a plugin's log line before they enter the host's log. A line may contain any field. The
 * fields that could replace a field of a logger or of this host are put under `claims`.
 */

import { compacted } from '../../base/own-property.ts';
import { levelKeys, messageKeys } from './log-record.ts';

/** Names that have a meaning for readers of a log, or that the records of a client use. */
const reserved = new Set([
  ...[...levelKeys, ...messageKeys],
  ...['priority', 'label', 'format', 'splat', 'stack', 'cause', 'time', 'v', 'ms'],
  ...['pid', 'hostname', 'name', 'logger', 'src', 'plugin', 'stream', 'claims', 'by', 'protocolVersion'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'toJSON', 'then'],
]);

type Fields = Readonly<Record<string, unknown>>;

/**
 * Puts the fields with a reserved name under `claims`, for a logger that does not merge the fields with its
 * own.
 */
export function sortedClaims(fields: Fields): Fields {
  return claimed(fields, (name) => reserved.has(name));
}

/** Puts every field under `claims`, for a logger that merges the fields with its own. */
export function allClaimed(fields: Fields): Fields {
  return claimed(fields, () => true);
}

function claimed(fields: Fields, isClaim: (name: string) => boolean): Fields {
  const entries = Object.entries(fields);
  if (!entries.some(([name]) => isClaim(name))) return fields;
  // A logger may copy the fields by assignment. A field named `__proto__` would then give the copy another
  // prototype.
  const claims = entries.filter(([name]) => isClaim(name) && name !== '__proto__');
  return compacted({
    ...Object.fromEntries(entries.filter(([name]) => !isClaim(name))),
    claims: compacted(Object.fromEntries(claims)),
  });
}
