/** Verifies before the start that a plugin's file is the intended file. */

import type { Hash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { types } from 'node:util';
import { openRegular } from '../../base/regular-file.ts';
import { isError } from '../../base/realm.ts';
import { firstThatAllows, programPaths, type NamedProgram } from './find-program.ts';

/** The file's expected digest. */
export interface Checksum {
  /**
   * The file to verify. Default: the program itself. If the program is an interpreter (`node plugin.js`),
   * name the script. The path is relative to the command's working directory.
   */
  readonly file?: string;
  /** The algorithm of the digest. Only `sha256` is supported. */
  readonly algorithm: 'sha256';
  /** The digest: 64 hexadecimal digits, or its 32 bytes. */
  readonly value: string | Uint8Array;
}

/** Returns the digest as bytes; undefined if `value` is not a digest. */
export function digestBytes(value: string | Uint8Array): Buffer | undefined {
  if (typeof value === 'string') return /^[0-9a-f]{64}$/i.test(value) ? Buffer.from(value, 'hex') : undefined;
  return types.isUint8Array(value) && value.byteLength === 32 ? Buffer.from(value) : undefined;
}

/**
 * Returns undefined if the file has the digest. Otherwise returns a sentence that explains the problem. The
 * comparison takes the same time for all digests. Hashing stops when `isWanted` returns false. A checksum
 * protects against a wrong file. A checksum does not protect against another program with the host's rights,
 * because that program may replace the file afterwards.
 */
export async function verifyChecksum(
  checksum: Checksum,
  command: NamedProgram,
  isWanted: () => boolean,
): Promise<string | undefined> {
  const path =
    checksum.file === undefined ? await findProgram(command) : resolve(command.cwd ?? '.', checksum.file);
  if (path === undefined) return `${command.file} was not found, so its checksum cannot be verified`;
  try {
    // node:crypto is loaded only here, because loading it takes 4 ms and most starts verify nothing.
    const { createHash, timingSafeEqual } = await import('node:crypto');
    const actual = await hashFile(path, createHash('sha256'), isWanted);
    const expected = digestBytes(checksum.value);
    if (expected !== undefined && timingSafeEqual(actual, expected)) return undefined;
    return `checksums did not match: ${path} has sha256 ${actual.toString('hex')}, expected ${expected?.toString('hex')}`;
  } catch (error) {
    return `the checksum of ${path} cannot be verified: ${isError(error) ? error.message : String(error)}`;
  }
}

async function hashFile(path: string, hash: Hash, isWanted: () => boolean): Promise<Buffer> {
  for await (const chunk of createReadStream(path, { fd: openRegular(path) })) {
    if (!isWanted()) throw new Error('the start was given up');
    hash.update(chunk as Buffer);
  }
  return hash.digest();
}

async function findProgram(command: NamedProgram): Promise<string | undefined> {
  const paths = programPaths(command);
  return paths.length === 1 ? paths[0] : firstThatAllows(paths, constants.X_OK);
}
