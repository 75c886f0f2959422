/**
 * The ladder that ends a plugin: ask it to leave, close its pipe, SIGTERM, SIGKILL. Each step has a time
 * limit, and the step that ended the plugin is recorded.
 */

import type { EndedBy } from './exit.ts';
import { settlesWithin } from '../../base/timers.ts';

/** The operations that the ladder needs on the process that it ends. */
export interface LadderTarget {
  /** Settles when the process is gone. */
  readonly gone: Promise<unknown>;
  /**
   * Asks the plugin to leave. Resolves to true if the plugin agreed. Undefined if there is no session,
   * because the plugin cannot be asked then.
   */
  readonly ask?: (() => Promise<boolean>) | undefined;
  /** Settles when the ladder must stop waiting for the answer to `ask`. */
  readonly hurried: Promise<unknown>;
  /** Closes the pipe at descriptor 3. */
  closePipe(): void;
  signal(name: NodeJS.Signals): void;
  /** Records this step as the one that ends the plugin, until the next step is recorded. */
  blame(step: EndedBy): void;
}

/** Milliseconds that each step may take. */
export interface LadderBounds {
  readonly askMs: number;
  readonly closeMs: number;
  readonly termMs: number;
  readonly killMs: number;
}

/** The usual time limit of each step after the request to leave: a second. */
export const stepMs = 1_000;

/**
 * Runs the steps until the process is gone. Resolves to false if even SIGKILL did not end the process in
 * time. Never rejects.
 */
export async function climb(target: LadderTarget, bounds: LadderBounds): Promise<boolean> {
  const { gone } = target;
  if (target.ask !== undefined) target.blame('quit');
  const agreed =
    target.ask === undefined
      ? false
      : await answered(target.ask, Promise.race([gone, target.hurried]), bounds.askMs);
  // If a shutdown hook calls process.exit(), the plugin exits without an answer. That end counts as `quit`
  // too.
  if (await settlesWithin(gone, 0)) return true;
  target.blame(agreed ? 'quit' : 'eof');
  target.closePipe();
  if (bounds.closeMs > 0 && (await settlesWithin(gone, bounds.closeMs))) return true;
  target.blame('sigterm');
  target.signal('SIGTERM');
  if (await settlesWithin(gone, bounds.termMs)) return true;
  target.blame('sigkill');
  target.signal('SIGKILL');
  return settlesWithin(gone, bounds.killMs);
}

async function answered(ask: () => Promise<boolean>, over: Promise<unknown>, ms: number): Promise<boolean> {
  let agreed = false;
  const answer = ask().then(
    (yes) => (agreed = yes),
    // If `ask` rejects, the plugin has not agreed, and the next step follows.
    () => undefined,
  );
  await settlesWithin(Promise.race([answer, over]), ms);
  return agreed;
}
