/** Runs plugins with as few permissions as they need, if this machine can enforce that. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isolated, IsolateError, type IsolatedLauncher } from '@pipework/isolate';

/** The directories with the code of docs-check's own plugins and of the packages that they load. */
const workspace = fileURLToPath(new URL('../../..', import.meta.url));
const own = ['examples', 'packages', 'node_modules'].map((name) => join(workspace, name));

export interface Isolation {
  /** Returns the launcher for a plugin's file, or undefined if plugins cannot be isolated here. */
  launcherOf(file: string): IsolatedLauncher | undefined;
  /** A sentence for the user. Says what enforces the isolation, or why plugins are not isolated. */
  told: string;
}

/**
 * Isolates the plugins. The host sends pages with its calls, and other files through its library, so a plugin
 * needs neither files nor a network.
 */
export function isolate(files: Iterable<string>): Isolation {
  const launchers = new Map<string, IsolatedLauncher>();
  const means = new Set<string>();
  try {
    for (const file of files) {
      const read = [...own, packageOf(file)].filter((path) => existsSync(path));
      const launcher = isolated({ read, env: ['NO_COLOR', 'FORCE_COLOR', 'LANG', 'TZ'], require: 'runtime' });
      means.add(launcher.describe([file]).means);
      launchers.set(file, launcher);
    }
  } catch (error) {
    if (!(error instanceof IsolateError)) throw error;
    return { launcherOf: () => undefined, told: `plugins are not isolated: ${error.message}` };
  }
  const told = `plugins are isolated by ${[...means].join(', ')}: no network, no processes, no files but their own code`;
  return { launcherOf: (file) => launchers.get(file), told };
}

/** Returns the nearest directory above `file` that has a package.json, or else the file's own directory. */
function packageOf(file: string): string {
  for (let directory = dirname(file); directory !== dirname(directory); directory = dirname(directory))
    if (existsSync(join(directory, 'package.json'))) return directory;
  return dirname(file);
}
