/** Opens a file that a plugin may have made. */

import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/**
 * Opens a regular file for reading, and rejects for every other kind. Without O_NONBLOCK, opening a pipe would
 * block one of Node's few threads until another process opens the pipe for writing.
 */
export async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if ((await file.stat()).isFile()) return file;
    throw new Error('it is not a regular file');
  } catch (error) {
    await file.close();
    throw error;
  }
}
