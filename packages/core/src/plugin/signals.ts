/**
 * Handles the signals that a plugin's process gets. The host, and not a signal, decides when the process
 * ends.
 */

import { afterPatience, settlesWithin } from '../base/timers.ts';

/**
 * If the host sends no Quit, a plugin continues to serve for this long after a first SIGTERM, in
 * milliseconds.
 */
const patienceMs = 10_000;
/**
 * After a second SIGTERM, or after the host's end, leaving may take this long, in milliseconds. A host sends
 * SIGKILL one second after its SIGTERM.
 */
const leaveMs = 750;

/** The functions of a plugin that the signal handlers use. */
export interface Signalled {
  /** Returns true after descriptor 3 has ended. */
  hasHostEnded(): boolean;
  /** Leaves within `budgetMs`, as if the host had sent Quit. Never rejects. */
  quit(budgetMs: number): Promise<void>;
}

/**
 * Handles the signals. A terminal, `timeout` and a service manager send SIGINT, SIGHUP and SIGTERM to the
 * whole process group. The host may still have work for its plugins. So SIGINT and SIGHUP do nothing, and
 * after a first SIGTERM the plugin waits at most 10 seconds for the host's Quit or for the host's end. After
 * a second SIGTERM, or a SIGTERM after the host's end, the plugin does not wait.
 */
export function followHost(plugin: Signalled): void {
  let terms = 0;
  const leave = (): void => void settlesWithin(plugin.quit(leaveMs), leaveMs).then(() => process.exit());
  // The handlers are empty functions. If the process ignored the signals instead, the programs that it starts
  // would ignore them too.
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  process.on('SIGTERM', () => {
    terms += 1;
    if (terms > 1 || plugin.hasHostEnded()) leave();
    else afterPatience(patienceMs, leave, false);
  });
}
