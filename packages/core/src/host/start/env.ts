/** The environment that a plugin is started with. Pure. */

/** Which of the host's variables a plugin gets, and which further ones. */
export interface EnvOptions {
  /** All of the host's variables (`true`, the default), none (`false`), or those named; a name may end in `*`. */
  readonly inherit?: boolean | readonly string[];
  /** Further variables; they win over inherited ones. `undefined` takes a variable away. */
  readonly set?: Readonly<Record<string, string | undefined>>;
}

/** The host's variables as `options` lets them through, then the caller's, and last those of the handshake: nothing overrides them. */
export function buildEnv(
  hostEnv: NodeJS.ProcessEnv,
  callerEnv: Readonly<Record<string, string | undefined>> | undefined,
  options: EnvOptions,
  handshakeEnv: Readonly<Record<string, string>>,
): Record<string, string> {
  const inherited = Object.entries(hostEnv).filter(([name]) => passes(name, options.inherit ?? true));
  const merged = new Map<string, string | undefined>([
    ...inherited,
    ...Object.entries(callerEnv ?? {}),
    ...Object.entries(options.set ?? {}),
    ...Object.entries(handshakeEnv),
  ]);
  return Object.fromEntries([...merged].filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function passes(name: string, inherit: boolean | readonly string[]): boolean {
  if (typeof inherit === 'boolean') return inherit;
  return inherit.some((allowed) =>
    allowed.endsWith('*') ? name.startsWith(allowed.slice(0, -1)) : name === allowed,
  );
}
