/**
 * Finds descriptors that a child process of this host would inherit by accident. On systems other than Linux,
 * none are found.
 */

import { readdirSync } from 'node:fs';
import { read } from './system.ts';

/** The first descriptor that a plugin must not inherit. The descriptors 0 to 4 are passed on purpose. */
const firstUnwanted = 5;
const closeOnExec = 0o2000000;

/**
 * Returns the descriptors from 5 on that a child would inherit. Descriptors that Node opens are not
 * inheritable. So each descriptor in the result was opened by the program that started the host, or by native
 * code in the host.
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
