/** Open descriptors of this process, as far as the system shows them. */
import { readdirSync, readlinkSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/**
 * Returns descriptors with what they lead to. Empty if the system does not show them, or if those of other
 * threads are among them.
 */
export function openDescriptors(): ReadonlyMap<string, string> {
  const open = new Map<string, string>();
  if (!isMainThread) return open;
  for (const descriptor of namesIn('/dev/fd')) {
    const target = targetOf(descriptor);
    // The directory that is being read has one itself, which is closed by now.
    if (target !== undefined) open.set(descriptor, target);
  }
  return open;
}

/** Returns the descriptors of files that were not open `before`. */
export function newFiles(before: ReadonlyMap<string, string>): string[] {
  return [...openDescriptors()]
    .filter(([descriptor, target]) => target.startsWith('/') && before.get(descriptor) !== target)
    .map(([descriptor, target]) => `descriptor ${descriptor} is open: ${target}`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // This system has no such folder. The other counts must be enough.
    return [];
  }
}

function targetOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(`/dev/fd/${descriptor}`);
  } catch (error) {
    // If the entries of /dev/fd are not links (EINVAL), only the descriptors' numbers are known.
    return (error as NodeJS.ErrnoException).code === 'EINVAL' ? 'unknown' : undefined;
  }
}
