/** Lists the open descriptors of this process, as far as the system shows them. */
import { readdirSync, readlinkSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/**
 * Returns the open descriptors, each with its target. The map is empty if the system does not list
 * descriptors. In a worker it is empty too, because the system's list has the descriptors of all threads.
 */
export function openDescriptors(): ReadonlyMap<string, string> {
  const open = new Map<string, string>();
  if (!isMainThread) return open;
  for (const descriptor of namesIn('/dev/fd')) {
    const target = targetOf(descriptor);
    // The read of the directory used a descriptor too. That descriptor is closed by now, and has no target.
    if (target !== undefined) open.set(descriptor, target);
  }
  return open;
}

/** Returns a line for each descriptor of a file that is open now and is not in `before`. */
export function newFiles(before: ReadonlyMap<string, string>): string[] {
  return [...openDescriptors()]
    .filter(([descriptor, target]) => target.startsWith('/') && before.get(descriptor) !== target)
    .map(([descriptor, target]) => `descriptor ${descriptor} is open: ${target}`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // This system has no such folder, so leaked descriptors are not found. Leaked children and timers are
    // found.
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
