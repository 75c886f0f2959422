/** The type of a plugin that speaks several protocol versions. */

declare const versions: unique symbol;

/**
 * The plugins of several protocol versions, by version. `Versioned<{ 1: PluginsV1; 2: PluginsV2 }>` replaces
 * the interfaces of a single version. Before a check of `rpc.protocolVersion`, a host can dispense only the
 * names that all versions have. After the check, the host can dispense the names of that version. `serve`
 * takes a plugin set for each version.
 */
export type Versioned<V> = { readonly [K in keyof V[keyof V]]: V[keyof V][K] } & ByVersion<V>;

/** The mark of {@link Versioned}. */
export interface ByVersion<V> {
  /** The key of the mark. At run time this property does not exist. */
  readonly [versions]: V;
}

/** The plugins of {@link Versioned} by version; `never` if `P` is not `Versioned`. */
export type VersionsOf<P> = 0 extends 1 & P ? never : P extends ByVersion<infer V> ? V : never;
