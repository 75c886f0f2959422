/** Open descriptors of this process, as far as the system tells. */
import { readdirSync, readlinkSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** Descriptors with what they lead to; empty where the system doesn't tell, or where other threads have theirs among them. */
export function openDescriptors(): ReadonlyMap<string, string> {
  const open = new Map<string, string>();
  if (!isMainThread) return open;
  for (const descriptor of namesIn('/dev/fd')) {
    const target = targetOf(descriptor);
    // The directory that is being read has one itself, closed by now.
    if (target !== undefined) open.set(descriptor, target);
  }
  return open;
}

/** Files among them that were not open `before`. */
export function newFiles(before: ReadonlyMap<string, string>): string[] {
  return [...openDescriptors()]
    .filter(([descriptor, target]) => target.startsWith('/') && before.get(descriptor) !== target)
    .map(([descriptor, target]) => `descriptor ${descriptor} is open: ${target}`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No such folder on this system: the other counts must do.
    return [];
  }
}

function targetOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(`/dev/fd/${descriptor}`);
  } catch (error) {
    // Where there are descriptors without links, their number is what there is to know.
    return (error as NodeJS.ErrnoException).code === 'EINVAL' ? 'unknown' : undefined;
  }
}
