/**
 * Sorts the fields of a plugin's log line before they enter the host's log. A line may contain any field. If
 * a field has a name that a logger or this host uses itself, the field is put under `claims`, so that it
 * cannot replace the real one.
 */

import { compacted } from '../../base/own-property.ts';

/** Names that have a meaning for loggers, or that the records of a client use. */
const reserved = [
  ...[
    'level',
    'severity',
    'priority',
    'label',
    'msg',
    'message',
    'format',
    'splat',
    'stack',
    'cause',
    'time',
    'v',
    'ms',
  ],
  ...['pid', 'hostname', 'name', 'logger', 'src', 'plugin', 'stream', 'claims', 'by', 'protocolVersion'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'toJSON', 'then'],
];

type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns a function that sorts a line's fields. `own` has the names of the fields that the user's logger
 * adds to each record.
 */
export function claimSorter(own: Iterable<string>): (fields: Fields) => Fields {
  const taken = new Set([...reserved, ...own]);
  return (fields) => {
    const entries = Object.entries(fields);
    if (!entries.some(([name]) => taken.has(name))) return fields;
    const free = entries.filter(([name]) => !taken.has(name));
    // A logger may copy the fields by assignment. A field named `__proto__` would then give the copy another
    // prototype.
    const claims = entries.filter(([name]) => taken.has(name) && name !== '__proto__');
    return compacted({
      ...Object.fromEntries(free),
      claims: compacted(Object.fromEntries(claims)),
    });
  };
}
