/**
 * Finds descriptors that a process of this host would inherit by accident. This works on Linux. On other
 * systems none are known.
 */

import { readdirSync } from 'node:fs';
import { read } from './system.ts';

/** The first descriptor that is not passed on purpose. A plugin is given 0 to 4. */
const firstUnwanted = 5;
const closeOnExec = 0o2000000;

/**
 * Returns the descriptors from 5 on that a child would inherit. Node marks its own as not inheritable. So
 * these were opened by the program that started the host, or by native code in it.
 */
export function inheritedDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd')
      .map(Number)
      .filter((descriptor) => descriptor >= firstUnwanted && isInherited(descriptor))
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

function isInherited(descriptor: number): boolean {
  const flags = /^flags:\s*([0-7]+)/m.exec(read(`/proc/self/fdinfo/${descriptor}`))?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
}
