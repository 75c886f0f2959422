/** Choosing the application's protocol version, and explaining why none was found. Pure. */

/** The versions in a comma separated list, ascending, each once. What is no positive whole number is left out. */
export function parseVersions(text: string | undefined): number[] {
  const versions = (text ?? '')
    .split(',')
    .filter((word) => /^\d{1,15}$/.test(word.trim()))
    .map(Number);
  return sortVersions(versions);
}

/** Ascending, each once. */
export function sortVersions(versions: Iterable<number>): number[] {
  return [...new Set(versions)].sort((a, b) => a - b);
}

/**
 * The plugin's choice: the highest version that both offer. If there is no such version it is the plugin's own highest, which
 * the host then refuses with both lists at hand. A host that sent no list speaks version 1.
 */
export function chooseVersion(pluginVersions: readonly number[], hostVersions: readonly number[]): number {
  const offered = new Set(hostVersions.length === 0 ? [1] : hostVersions);
  const sorted = sortVersions(pluginVersions);
  return sorted.findLast((version) => offered.has(version)) ?? sorted.at(-1) ?? 1;
}

/** The host's refusal where versions don't meet: both lists, sorted, and which side to upgrade. */
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
