/** Starts a plugin for a check, calls it once, and ends it. */
import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';
import { Client, isPipeworkError, type Launcher } from '@pipework/core';

/** How long a start may take, in milliseconds. */
const startTimeout = 15_000;

/**
 * Returns the URL of core's entry for plugins. The trial program is not in a file, so it cannot import the
 * package by its name.
 */
const pluginEntry = (): string => import.meta.resolve('@pipework/core/plugin');

/** The folder with all files that the trial plugin loads. */
export const trialFiles = (): string => dirname(dirname(fileURLToPath(pluginEntry())));

export interface TrialOptions {
  readonly launcher?: Launcher;
  /** Options for Node. */
  readonly flags?: readonly string[];
}

/** Resolves to the reason why the plugin did not start or answer; undefined if it did. */
export async function trial({ launcher, flags = [] }: TrialOptions): Promise<string | undefined> {
  const program = `
    import { serve } from ${JSON.stringify(pluginEntry())};
    await serve({ plugins: { trial: () => ({ answer: () => 42 }) } });
  `;
  const client = new Client<{ trial: { answer(): Promise<number> } }>({
    cmd: {
      file: process.execPath,
      args: [...flags, '--input-type=module', '--eval', program],
      // A sandbox may hide the user's working directory.
      cwd: trialFiles(),
    },
    name: 'trial',
    managed: true,
    startTimeout,
    ...(launcher === undefined ? {} : { launcher }),
  });
  try {
    const remote = await (await client.client()).dispense('trial');
    return (await remote.answer()) === 42 ? undefined : 'it answered something else';
  } catch (error) {
    return reasonOf(error);
  } finally {
    await client.kill();
  }
}

/**
 * Returns the first line of an error's message, the last line of the plugin's standard error, and core's
 * notes on the failure.
 */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [first = ''] = error.message.split('\n');
  const { notes = [], stderrTail = '' } = error as { notes?: readonly string[]; stderrTail?: string };
  const last = stderrTail.trim().split('\n').at(-1) ?? '';
  const said = isPipeworkError(error) ? [first, last, ...notes] : [first];
  return said.filter((part) => part !== '').join('; ');
}
