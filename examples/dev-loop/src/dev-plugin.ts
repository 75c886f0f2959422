/**
 * A plugin that runs from its TypeScript sources. The plugin is reloaded whenever one of the sources is
 * saved.
 */
import { fileURLToPath } from 'node:url';
import { Supervisor } from '@pipework/fleet';
import type { Plugins } from './contract.ts';

/** A module that lets Node versions before 22.18 run TypeScript. */
const loader = fileURLToPath(new URL('../typescript.mjs', import.meta.url));

/** Returns a supervisor of the plugin whose sources, including `plugin.ts`, are in `folder`. */
export function devPlugin(folder: string): Supervisor<Plugins> {
  const hasTypes = (process.features as { typescript?: unknown }).typescript !== undefined;
  const flags = hasTypes ? [] : ['--import', loader];
  return new Supervisor<Plugins>({
    cmd: [process.execPath, ...flags, `${folder}/plugin.ts`],
    watch: folder,
    stderr: process.stderr,
  });
}
