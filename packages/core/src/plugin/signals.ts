/** How a plugin's process handles signals. The host, not a signal, decides when the process ends. */

import { realTimers, settlesWithin } from '../base/timers.ts';

/**
 * If the host sends no Quit, a plugin continues to serve for this long after a first SIGTERM, in
 * milliseconds.
 */
const patienceMs = 10_000;
/**
 * How long leaving may take after a SIGTERM, in milliseconds. A second after SIGTERM, a host sends SIGKILL.
 */
const leaveMs = 750;

/** The part of the plugin's end that a signal handler needs. */
export interface Signalled {
  /** True once descriptor 3 has ended. */
  hasHostEnded(): boolean;
  /** Leaves as for a Quit, within `budgetMs`. Never rejects. */
  quit(budgetMs: number): Promise<void>;
}

/**
 * Handles the signals. A terminal, `timeout` and a service manager send SIGINT, SIGHUP and SIGTERM to the
 * whole process group, and the host may still have work for its plugins. So SIGINT and SIGHUP do nothing, and
 * after a first SIGTERM the plugin waits for the host's Quit or its end, 10 seconds at most. After a second
 * SIGTERM, or a SIGTERM that follows the host's end, the plugin does not wait.
 */
export function followHost(plugin: Signalled): void {
  let terms = 0;
  const leave = (): void => void settlesWithin(plugin.quit(leaveMs), leaveMs).then(() => process.exit());
  // The handlers are empty functions. If the signals were ignored instead, programs that this process starts
  // would ignore them too.
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  process.on('SIGTERM', () => {
    terms += 1;
    if (terms > 1 || plugin.hasHostEnded()) leave();
    else realTimers.setTimeout(leave, patienceMs).unref();
  });
}
