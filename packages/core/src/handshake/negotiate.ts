/** Chooses the application's protocol version, and explains why there is none. This file is pure. */

/**
 * Returns the versions in a comma-separated list, ascending, each once. Parts that are not positive whole
 * numbers are left out.
 */
export function parseVersions(text: string | undefined): number[] {
  const versions = (text ?? '')
    .split(',')
    .filter((word) => /^\d{1,15}$/.test(word.trim()))
    .map(Number);
  return sortVersions(versions);
}

/** Returns the versions ascending, each once. */
export function sortVersions(versions: Iterable<number>): number[] {
  return [...new Set(versions)].sort((a, b) => a - b);
}

/**
 * Returns the plugin's choice, which is the highest version that both offer. If they have no version in
 * common, returns the plugin's own highest version. The host then refuses that version, and can show both
 * lists of versions. A host that sent no list speaks version 1.
 */
export function chooseVersion(pluginVersions: readonly number[], hostVersions: readonly number[]): number {
  const offered = new Set(hostVersions.length === 0 ? [1] : hostVersions);
  const sorted = sortVersions(pluginVersions);
  return sorted.findLast((version) => offered.has(version)) ?? sorted.at(-1) ?? 1;
}

/**
 * Returns the message with which a host refuses a plugin if they have no version in common. The message has
 * both lists, sorted, and says which side to upgrade.
 */
export function explainMismatch(
  chosen: number,
  pluginVersions: readonly number[] | undefined,
  hostVersions: readonly number[],
): string {
  const ours = sortVersions(hostVersions);
  const theirs = sortVersions(pluginVersions ?? [chosen]);
  const list = pluginVersions === undefined ? '' : `, Plugin versions: [${theirs.join(' ')}]`;
  const advice =
    (theirs.at(-1) ?? 0) < (ours.at(-1) ?? 0)
      ? 'The plugin is older than this host: upgrade the plugin'
      : 'The plugin is newer than this host: upgrade the host, or install an older plugin';
  return `incompatible protocol version with plugin. Plugin version: ${chosen}, Host versions: [${ours.join(' ')}]${list}. ${advice}`;
}
