/** Builds the environment with which a plugin is started. `buildEnv()` has no side effects. */

/** The variables of a plugin: those of the host that are passed on, and further ones. */
export interface EnvOptions {
  /**
   * `true` (the default) for all of the host's variables, `false` for none, or a list of names. A name may
   * end in `*`. On Windows names are not case-sensitive.
   */
  readonly inherit?: boolean | readonly string[];
  /** Further variables. These variables override inherited ones. `undefined` removes a variable. */
  readonly set?: Readonly<Record<string, string | undefined>>;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Merges four sets of variables: from `hostEnv` those that `options.inherit` admits, then `callerEnv`,
 * `options.set` and `handshakeEnv`. Later sets override earlier ones.
 */
export function buildEnv(
  hostEnv: NodeJS.ProcessEnv,
  callerEnv: Variables | undefined,
  options: EnvOptions,
  handshakeEnv: Readonly<Record<string, string>>,
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  // On Windows, Path and PATH are one variable. If both are set, Windows passes on only one of them.
  const keyOf = (name: string): string => (platform === 'win32' ? name.toUpperCase() : name);
  const inherited = Object.entries(hostEnv).filter(([name]) =>
    isInherited(keyOf(name), options.inherit ?? true, keyOf),
  );
  const merged = new Map<string, readonly [name: string, value: string | undefined]>();
  for (const [name, value] of [
    ...inherited,
    ...Object.entries(callerEnv ?? {}),
    ...Object.entries(options.set ?? {}),
    ...Object.entries(handshakeEnv),
  ]) {
    merged.set(keyOf(name), [name, value]);
  }
  return Object.fromEntries(
    [...merged.values()].filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function isInherited(
  key: string,
  inherit: boolean | readonly string[],
  keyOf: (name: string) => string,
): boolean {
  if (typeof inherit === 'boolean') return inherit;
  return inherit
    .map(keyOf)
    .some((allowed) => (allowed.endsWith('*') ? key.startsWith(allowed.slice(0, -1)) : key === allowed));
}
