/**
 * Lets one plugin check all pages. If the plugin crashes or hangs on a page, it is started again for the
 * remaining pages.
 */
import {
  Client,
  isPipeworkError,
  StartError,
  type Launcher,
  type PluginExit,
  type Remote,
} from '@pipework/core';
import type { Checker, Library, Page, Plugins, Report, Services } from 'docs-check-contract';
import { readFile } from 'node:fs/promises';
import type { Document } from './documents.ts';
import { libraryOf } from './library.ts';
import type { Outcome } from './outcome.ts';
import type { LinePrefix } from './prefix.ts';
import type { PluginProgress } from './progress.ts';

export interface CheckingOptions {
  /** The executable. */
  file: string;
  /** The launcher that starts the plugin. If undefined, pipework's ordinary launcher starts it. */
  launcher: Launcher | undefined;
  name: string;
  documents: Document[];
  /** How many pages the plugin gets at a time. */
  jobs: number;
  timeoutMs: number;
  signal: AbortSignal;
  stdout: LinePrefix;
  stderr: LinePrefix;
  progress: PluginProgress;
}

/**
 * The maximum number of restarts. If a plugin needs more, the fault is probably in the plugin, not in the
 * pages.
 */
const mostRestarts = 20;

/**
 * The result of one process of the plugin. `left` has the pages that the process never got. If the process
 * crashed or hung, `struck` has the pages that it was checking, and `loss` the reason.
 */
interface Round {
  left: Document[];
  struck: Document[];
  loss: Loss | undefined;
}

interface Loss {
  what: string;
  stderr: string;
}

/** Checks the pages. Never rejects, because failures are part of the outcome. */
export async function check(options: CheckingOptions): Promise<Outcome> {
  return new Checking(options).run();
}

class Checking {
  readonly #options: CheckingOptions;
  readonly #outcome: Outcome;
  readonly #library: Library;
  #starts = 0;
  #neverWorked = false;

  constructor(options: CheckingOptions) {
    this.#options = options;
    this.#library = libraryOf(options.documents.map(({ tree }) => tree));
    this.#outcome = {
      plugin: options.name,
      title: '',
      reports: new Map(),
      failed: new Set(),
      mishaps: [],
      unchecked: [],
      restarts: 0,
      elapsedMs: 0,
    };
  }

  /**
   * When a plugin dies, it may be checking several pages, and any of them may be the cause. These pages are
   * then checked one by one. So the report names the right page, and no other page is given up.
   */
  async run(): Promise<Outcome> {
    const { documents, jobs, signal } = this.#options;
    const started = performance.now();
    let queue = documents;
    while (queue.length > 0 && !signal.aborted && !this.#isHopeless()) {
      const round = await this.#round(queue, jobs);
      queue = round.left;
      if (!round.loss) continue;
      queue = [...(await this.#findGuilty(round.struck, round.loss)), ...queue];
    }
    this.#outcome.restarts = Math.max(0, this.#starts - 1);
    this.#outcome.unchecked = documents.filter((document) => !this.#isDone(document));
    this.#outcome.elapsedMs = performance.now() - started;
    this.#options.progress.busyWith(this.#outcome.unchecked.length === 0 ? 'done' : 'given up');
    return this.#outcome;
  }

  /** Checks the suspects one by one, records the mishap, and returns the pages that remain to be checked. */
  async #findGuilty(suspects: Document[], loss: Loss): Promise<Document[]> {
    const retry = suspects.length > 1 ? await this.#round(suspects, 1) : { left: [], struck: suspects, loss };
    // If each page alone is harmless, the cause may be any of the pages, or all of them together.
    const struck = retry.loss ? retry.struck : suspects;
    this.#outcome.mishaps.push({ documents: struck, ...(retry.loss ?? loss) });
    if (retry.loss) for (const document of struck) this.#giveUp(document);
    return retry.left;
  }

  /**
   * Starts the plugin and lets it check the pages in `queue`, `width` at a time. Resolves when all pages are
   * checked, or when the plugin is lost.
   */
  async #round(queue: Document[], width: number): Promise<Round> {
    const { file, name, launcher, stdout, stderr, progress, signal } = this.#options;
    this.#starts += 1;
    progress.busyWith(this.#starts === 1 ? 'starting' : 'starting again');
    const client = new Client<Plugins, Services>({
      cmd: [file],
      name,
      ...(launcher ? { launcher } : {}),
      managed: true,
      stdin: 'ignore',
      startTimeout: 20_000,
      syncStdout: stdout,
      syncStderr: stderr,
      provide: { library: () => this.#library },
    });
    try {
      const checker = await (await client.client()).dispense('checker');
      this.#outcome.title = (await checker.about()).title;
      return await this.#work(client, checker, queue, width);
    } catch (error) {
      // The plugin failed before it got a page, so a restart would fail too.
      const exit = await client.kill();
      if (!signal.aborted)
        this.#outcome.mishaps.push({
          documents: [],
          what: `did not start: ${explain(error)}`,
          stderr: exit.stderrTail,
        });
      this.#neverWorked = true;
      return { left: queue, struck: [], loss: undefined };
    } finally {
      await client.kill();
      stdout.flush();
      stderr.flush();
    }
  }

  async #work(
    client: Client<Plugins, Services>,
    checker: Remote<Checker>,
    queue: Document[],
    width: number,
  ): Promise<Round> {
    const waiting = [...queue];
    const struck = new Set<Document>();
    let hung = false;
    let lost = false;

    const worker = async (): Promise<void> => {
      while (!lost && !this.#options.signal.aborted) {
        const document = waiting.shift();
        if (!document) return;
        struck.add(document);
        const deadline = new Deadline(this.#options.timeoutMs, this.#options.signal);
        try {
          this.#finish(document, await this.#checkOne(checker, document, deadline.signal));
          struck.delete(document);
        } catch (error) {
          if (this.#options.signal.aborted) return;
          hung ||= deadline.passed;
          if (deadline.passed || isLoss(error, client)) {
            lost = true;
            return;
          }
          // The plugin answered with an error for this page, and continues with the next page.
          struck.delete(document);
          this.#outcome.mishaps.push({
            documents: [document],
            what: `failed: ${(error as Error).message}`,
            stderr: '',
          });
          this.#giveUp(document);
        } finally {
          deadline.clear();
        }
      }
    };
    await Promise.all(Array.from({ length: width }, worker));

    if (!lost) return { left: waiting, struck: [...struck], loss: undefined };
    const exit = await client.kill();
    const what = hung ? `did not answer within ${this.#options.timeoutMs / 1000} s` : describe(exit);
    return { left: waiting, struck: [...struck], loss: { what, stderr: exit.stderrTail } };
  }

  async #checkOne(checker: Remote<Checker>, document: Document, signal: AbortSignal): Promise<Report[]> {
    const { tree, path, name, file } = document;
    this.#options.progress.busyWith(name);
    const text = (await readFile(file, 'utf8')).replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
    const page: Page = { tree: tree.name, whole: tree.whole, path, text };
    const reports: Report[] = [];
    for await (const report of checker.check(page, { signal })) reports.push(report);
    return reports;
  }

  #finish(document: Document, reports: Report[]): void {
    this.#outcome.reports.set(document, reports);
    this.#options.progress.advance();
  }

  #giveUp(document: Document): void {
    this.#outcome.failed.add(document);
    this.#options.progress.advance();
  }

  #isDone(document: Document): boolean {
    return this.#outcome.reports.has(document) || this.#outcome.failed.has(document);
  }

  #isHopeless(): boolean {
    return this.#neverWorked || this.#starts > mostRestarts;
  }
}

/** True if `error` means that the plugin is gone. Any other error concerns only the page. */
function isLoss(error: unknown, client: Client<Plugins, Services>): boolean {
  return (
    client.exited ||
    (isPipeworkError(error) && ['PLUGIN_EXITED', 'PLUGIN_LOST', 'RPC_CLOSED'].includes(error.code))
  );
}

function describe(exit: PluginExit): string {
  if (exit.by !== 'plugin') return 'closed its pipe and had to be ended';
  if (exit.outOfMemory) return 'ran out of memory';
  return exit.signal === null ? `crashed with exit code ${exit.code}` : `was ended by ${exit.signal}`;
}

/** Returns the reason why the plugin did not start, and pipework's notes about the program. */
function explain(error: unknown): string {
  const [reason = ''] = (error as Error).message.split('\n', 1);
  return error instanceof StartError ? [reason, ...error.notes].join('\n') : reason;
}

/** The time limit for one page. `signal` aborts when the time is over, or when the run is aborted. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #run: AbortSignal;
  passed = false;

  constructor(milliseconds: number, run: AbortSignal) {
    this.#run = run;
    this.#timer = setTimeout(() => {
      this.passed = true;
      this.#controller.abort(new Error('the time for one page is over'));
    }, milliseconds);
    run.addEventListener('abort', this.#onAbort);
    if (run.aborted) this.#onAbort();
  }

  readonly #onAbort = (): void => this.#controller.abort(this.#run.reason);

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#run.removeEventListener('abort', this.#onAbort);
  }
}
