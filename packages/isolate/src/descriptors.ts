/** Descriptors that a process of this host would inherit without being meant to. Linux; elsewhere none are known. */

import { readdirSync } from 'node:fs';
import { read } from './system.ts';

/** Those that a plugin is given are 0 to 4. */
const firstUnwanted = 5;
const closeOnExec = 0o2000000;

/**
 * The descriptors from 5 on that a child would inherit. Node marks its own, so these were opened by who started the host, or by
 * native code in it.
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
