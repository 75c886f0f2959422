/** The words with which a side says what it can do beyond base MessagePack-RPC. docs/protocol.md has their meaning on the wire. */

/** A capability word that this package knows. Unknown words of a peer are ignored. */
export type Capability = 'cancel' | 'refs' | 'errors' | 'types' | 'meta' | 'tables' | 'items';

/** What this package announces. */
export const ownCapabilities: readonly Capability[] = [
  'cancel',
  'refs',
  'errors',
  'types',
  'meta',
  'tables',
  'items',
];

/** The words of a peer's list that this package knows. */
export function parseCapabilities(words: string): ReadonlySet<Capability> {
  const offered = new Set(words.split(',').map((word) => word.trim()));
  return new Set(ownCapabilities.filter((word) => offered.has(word)));
}
