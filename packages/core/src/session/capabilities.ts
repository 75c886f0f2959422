/**
 * The words by which a side announces what it can do beyond base MessagePack-RPC. docs/protocol.md has their
 * meaning on the wire.
 */

/** A capability word that this package knows. Unknown words of a peer are ignored. */
export type Capability =
  'cancel' | 'refs' | 'errors' | 'types' | 'meta' | 'tables' | 'items' | 'host' | 'describe' | 'grace';

/** The words that both sides announce. */
export const ownCapabilities: readonly Capability[] = [
  'cancel',
  'refs',
  'errors',
  'types',
  'meta',
  'tables',
  'items',
];

/** The words that a plugin announces. */
export const pluginCapabilities: readonly Capability[] = [...ownCapabilities, 'describe', 'grace'];

/** The words that a host announces. The word `host` is among them only if the host offers services. */
export function hostCapabilities(offersServices: boolean): readonly Capability[] {
  return offersServices ? [...ownCapabilities, 'host'] : ownCapabilities;
}

const knownCapabilities: readonly Capability[] = [...ownCapabilities, 'host', 'describe', 'grace'];

/** Returns the words of a peer's list that this package knows. */
export function parseCapabilities(words: string): ReadonlySet<Capability> {
  const offered = new Set(words.split(',').map((word) => word.trim()));
  return new Set(knownCapabilities.filter((word) => offered.has(word)));
}
