/** Trees of real files that exist for one test. */
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/**
 * Writes `files` below a new directory, and returns the directory's path. Files in `executables` are made
 * executable.
 */
export async function makeTree(
  files: Record<string, string>,
  executables: Record<string, string> = {},
  within: string = tmpdir(),
): Promise<string> {
  const root = await realpath(await mkdtemp(join(within, 'docs-check-')));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries({ ...files, ...executables })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  for (const path of Object.keys(executables)) await chmod(join(root, path), 0o755);
  return root;
}
