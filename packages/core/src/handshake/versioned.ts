/** The type of a plugin that speaks several protocol versions. */

declare const versions: unique symbol;

/**
 * The plugins of several protocol versions, by version. `Versioned<{ 1: PluginsV1; 2: PluginsV2 }>` replaces
 * the interfaces of a single version. Before a check of `rpc.protocolVersion`, a host can dispense only the
 * names that all versions have. After the check, the host can dispense the names of that version. `serve`
 * takes a plugin set for each version. The versions are numbers, not texts such as `'1'`.
 */
export type Versioned<V extends { readonly [K in keyof V]: VersionKey<K> }> = {
  readonly [K in keyof V[keyof V]]: V[keyof V][K];
} & ByVersion<V>;

/** The type of the plugins of a version `K`. No plugins fit the type of a key that is not a number. */
export type VersionKey<K> = K extends number ? object : 'the keys are versions, and versions are numbers';

/** The mark of {@link Versioned}. */
export interface ByVersion<V> {
  /** The key of the mark. At run time this property does not exist. */
  readonly [versions]: V;
}

/** The plugins of {@link Versioned} by version; `never` if `P` is not `Versioned`. */
export type VersionsOf<P> = 0 extends 1 & P ? never : P extends ByVersion<infer V> ? V : never;

/** The numbers of the versions of {@link Versioned}; `number` if `P` is not `Versioned`. */
export type VersionOf<P> = [VersionsOf<P>] extends [never] ? number : keyof VersionsOf<P> & number;
