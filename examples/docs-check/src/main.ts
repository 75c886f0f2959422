#!/usr/bin/env node
/**
 * The program docs-check. It finds pages and plugins, lets every plugin check every page, and prints a
 * report.
 */
import { cleanupClients, discover } from '@pipework/core';
import { pluginPattern } from 'docs-check-contract';
import { setMaxListeners } from 'node:events';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments, usage, UsageError, type Arguments } from './arguments.ts';
import { check } from './checking.ts';
import { byName, findPackageDocuments, findUnder, type Document } from './documents.ts';
import { isolate } from './isolation.ts';
import { LinePrefix } from './prefix.ts';
import { Progress } from './progress.ts';
import { report, reportAsJson } from './report.ts';
import { Screen } from './screen.ts';
import { summarize } from './summary.ts';
import { count, paintFor } from './text.ts';

const ownPlugins = fileURLToPath(new URL('../plugins/bin', import.meta.url));

async function main(argv: string[], screen: Screen, interrupted: AbortSignal): Promise<number> {
  const options = readArguments(argv);
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const started = performance.now();
  const documents = await collectDocuments(options);
  const plugins = await collectPlugins(options.plugins);
  if (documents.length === 0) throw new UsageError(`there is no Markdown in ${options.paths.join(', ')}`);

  const say = (text: string): void => {
    if (!options.quiet && !options.json) screen.print('stderr', text);
  };
  say(
    `${count(documents.length, 'page')}, ${count(plugins.size, 'plugin')}: ${[...plugins.keys()].join(', ')}`,
  );

  const isolation = isolate(plugins.values());
  say(isolation.told);

  const progress = new Progress(options.quiet || options.json ? undefined : screen);
  const names = Math.max(...[...plugins.keys()].map((name) => name.length));
  const outcomes = await Promise.all(
    [...plugins].map(([name, file]) => {
      const sink = (stream: 'stdout' | 'stderr'): LinePrefix =>
        new LinePrefix(name.padEnd(names), (lines, done) => {
          if (options.quiet) return done();
          // With --json, standard output must have only the JSON.
          screen.print(options.json ? 'stderr' : stream, lines, done);
        });
      const { jobs, timeoutMs } = options;
      const [stdout, stderr] = [sink('stdout'), sink('stderr')];
      const mine = progress.add(name, documents.length);
      return check({
        file,
        name,
        launcher: isolation.launcherOf(file),
        documents,
        jobs,
        timeoutMs,
        signal: interrupted,
        stdout,
        stderr,
        progress: mine,
      });
    }),
  );
  progress.end();
  if (interrupted.aborted) return 130;

  const summary = summarize(documents, outcomes);
  const paint = paintFor(screen.stdout);
  const elapsedMs = performance.now() - started;
  const text = options.json
    ? reportAsJson(summary)
    : `\n${report(summary, { paint, all: options.all, elapsedMs })}`;
  await new Promise<void>((resolve) => screen.print('stdout', text, resolve));
  return options.strict && summary.isBroken ? 1 : 0;
}

async function collectDocuments({ paths, packages }: Arguments): Promise<Document[]> {
  const cwd = process.cwd();
  const found: Document[] = [];
  for (const path of paths) {
    found.push(
      ...(await findUnder(path, cwd).catch((error: unknown) => {
        throw new UsageError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
      })),
    );
    if (packages) found.push(...(await findPackageDocuments(path)));
  }
  return [...new Map(found.map((document) => [document.name, document])).values()].sort(byName);
}

/**
 * Returns the plugins by name. A plugin from a directory that the user gave replaces our plugin of the same
 * name.
 */
async function collectPlugins(directories: string[]): Promise<Map<string, string>> {
  const plugins = new Map<string, string>();
  for (const directory of [ownPlugins, ...directories]) {
    const files = await discover(pluginPattern, directory);
    if (files.length === 0)
      throw new UsageError(`${directory} has no executable file called ${pluginPattern}`);
    for (const file of files) plugins.set(nameOf(file), file);
  }
  return plugins;
}

function nameOf(file: string): string {
  return basename(file)
    .replace(pluginPattern.replace('*', ''), '')
    .replace(/\.[^.]*$/, '');
}

const screen = new Screen(process.stdout, process.stderr, process.env);
const interruption = new AbortController();
setMaxListeners(0, interruption.signal); // Every page that is being checked adds a listener.

/** The first Ctrl-C ends the plugins and then the host; a second one ends the host immediately. */
function interrupt(): void {
  if (interruption.signal.aborted) process.exit(130);
  screen.show(() => []);
  screen.print('stderr', 'interrupted: ending the plugins');
  interruption.abort(new Error('interrupted'));
}
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
// A reader such as `head` may close the pipe before docs-check has written everything.
process.stdout.on('error', () => process.exit(0));

try {
  process.exitCode = await main(process.argv.slice(2), screen, interruption.signal);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`docs-check: ${error.message}\nTry docs-check --help.\n`);
  process.exitCode = 2;
} finally {
  await cleanupClients();
}
