/**
 * Reads files that a plugin, or the author of a plugin, may have made. No function here waits for another
 * process or reads without a bound, whatever kind of file is at the path.
 */

import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';

/** The most bytes of a file that is read as a whole, such as a package.json. */
const mostBytes = 8 * 2 ** 20;

/**
 * Opens a regular file for reading, and returns its descriptor. Throws for every other kind of file. Opening
 * a device can have an effect, so the kind is checked first. The kind is checked again after the opening,
 * because the file may have been replaced. Without O_NONBLOCK, opening a FIFO would block this process until
 * another process opens it for writing.
 */
export function openRegular(path: string): number {
  refuseSpecial(statSync(path));
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    refuseSpecial(fstatSync(descriptor));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function refuseSpecial(info: Stats): void {
  if (!info.isFile()) throw new Error('it is not a regular file');
}

/**
 * Returns the first bytes of a regular file, at most `most` of them. Throws if the file is of another kind or
 * cannot be read.
 */
export function readBeginning(path: string, most: number): Buffer {
  const descriptor = openRegular(path);
  try {
    const bytes = Buffer.alloc(Math.min(most, fstatSync(descriptor).size));
    return bytes.subarray(0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

/** Returns the text of a regular file. Throws if the file has more than 8 MiB, is of another kind or cannot be read. */
export function readText(path: string): string {
  const bytes = readBeginning(path, mostBytes + 1);
  if (bytes.length > mostBytes) throw new Error(`it has more than ${mostBytes} bytes`);
  return bytes.toString();
}
