/** What a plugin's process does about signals: its host decides when it ends. */

import { realTimers, settlesWithin } from '../base/timers.ts';

/** How long a plugin serves on after a first SIGTERM if its host says nothing, in milliseconds. */
const patienceMs = 10_000;
/** A host that sends SIGTERM follows it up with SIGKILL after a second. */
const leaveMs = 750;

/** The plugin's end, as a signal finds it. */
export interface Signalled {
  /** True once descriptor 3 has ended. */
  hasHostEnded(): boolean;
  /** Leaves as for a Quit, within `budgetMs`. Never rejects. */
  quit(budgetMs: number): Promise<void>;
}

/**
 * Takes the signals over. A terminal, `timeout` and a service manager send SIGINT, SIGHUP and SIGTERM to the whole process
 * group, and the host may still have work for its plugins. So SIGINT and SIGHUP do nothing, and a first SIGTERM waits for
 * the host's Quit or its end, 10 seconds at most. A second one, or one that comes behind the host's end, does not wait.
 */
export function followHost(plugin: Signalled): void {
  let terms = 0;
  const leave = (): void => void settlesWithin(plugin.quit(leaveMs), leaveMs).then(() => process.exit());
  // Functions, because programs that are started from here would inherit "ignored".
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  process.on('SIGTERM', () => {
    terms += 1;
    if (terms > 1 || plugin.hasHostEnded()) leave();
    else realTimers.setTimeout(leave, patienceMs).unref();
  });
}
