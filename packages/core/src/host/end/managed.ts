/** Ends the managed clients with their host: by `cleanupClients()`, at the host's exit, and at Ctrl-C. */

import { constants } from 'node:os';
import { expect, expectKeys, isListOf } from '../../base/expect.ts';
import { realTimers } from '../../base/timers.ts';
import { isError } from '../../base/realm.ts';
import { isReaping } from './reaper.ts';

/** The methods of a managed client that this file calls. */
export interface Managed {
  kill(): Promise<unknown>;
  /** Sends a signal to the process immediately, if there is a process. */
  signalNow(name: NodeJS.Signals): void;
}

const clients = new Set<Managed>();
let cleanups = 0;

/** Registers a client. Called when the client's start begins. */
export function manage(client: Managed): void {
  if (clients.size === 0) process.on('exit', endAll);
  clients.add(client);
}

/** Removes a client whose process is gone. */
export function unmanage(client: Managed): void {
  if (clients.delete(client) && clients.size === 0) process.off('exit', endAll);
}

/**
 * Kills all managed clients at the same time, and resolves when they are gone. From the first call on, {@link
 * killed} returns true. A further call kills the clients that were started after the previous call. Never
 * rejects.
 *
 * @example
 * ```ts
 * import { cleanupClients, Client } from '@pipework/core';
 *
 * const client = new Client({ cmd: [process.execPath, 'plugin.js'], managed: true });
 * await client.start();
 * process.once('SIGTERM', () => {
 *   void cleanupClients().then(() => process.exit());
 * });
 * ```
 */
export async function cleanupClients(): Promise<void> {
  cleanups += 1;
  await Promise.all([...clients].map((client) => client.kill()));
}

/** Returns true once `cleanupClients()` was called. Errors about lost plugins are expected from then on. */
export function killed(): boolean {
  return cleanups > 0;
}

/**
 * Returns how often `cleanupClients()` was called. A managed client that was made but not started before the
 * last of these calls can no longer start.
 */
export function cleanupCount(): number {
  return cleanups;
}

/**
 * Ends all managed clients while the host exits and therefore cannot wait for them. Plugins see the end of
 * descriptor 3 and leave. SIGTERM ends the plugins that have not reached `serve()` yet, and the reaper ends
 * the rest. If there is no reaper, all plugins are killed.
 */
function endAll(): void {
  for (const client of clients) client.signalNow(isReaping() ? 'SIGTERM' : 'SIGKILL');
}

/** Options of {@link cleanupOnInterrupt}. */
export interface InterruptOptions {
  /** The signals to handle. Default SIGINT, SIGTERM and SIGHUP. */
  readonly signals?: readonly NodeJS.Signals[];
  /**
   * Runs at the first signal and is awaited, before the clients are killed. If the hook fails, a
   * `PipeworkWarning` reports the failure, and the clients are ended nevertheless.
   */
  readonly onInterrupt?: (signal: NodeJS.Signals) => void | Promise<void>;
}

/**
 * Handles Ctrl-C, SIGTERM and the end of the terminal for a host. The first signal lets the managed clients
 * end gracefully, and then lets the host die of the signal. The second signal kills these clients and the
 * host immediately. A closing terminal may send SIGHUP twice, so a further SIGHUP changes nothing. Dispose of
 * the returned object to stop handling the signals.
 *
 * @example
 * ```ts
 * import { cleanupOnInterrupt, Client } from '@pipework/core';
 *
 * using interrupts = cleanupOnInterrupt({ onInterrupt: (signal) => console.error(`${signal}: ending the plugins`) });
 * const client = new Client({ cmd: [process.execPath, 'plugin.js'], managed: true });
 * await client.client();
 * ```
 */
export function cleanupOnInterrupt(options: InterruptOptions = {}): Disposable {
  expectKeys('options', options, ['signals', 'onInterrupt']);
  const { signals = ['SIGINT', 'SIGTERM', 'SIGHUP'], onInterrupt } = options;
  const isSignal = (name: unknown): boolean => typeof name === 'string' && name in constants.signals;
  expect(isListOf(signals, isSignal), 'signals', 'a list of names such as SIGINT', signals);
  expect(
    onInterrupt === undefined || typeof onInterrupt === 'function',
    'onInterrupt',
    'a function',
    onInterrupt,
  );
  let count = 0;
  const stop = (): void => signals.forEach((name) => process.off(name, onSignal));
  const die = (name: NodeJS.Signals): void => {
    stop();
    process.kill(process.pid, name);
    // In a container, the host may be process 1. The kernel drops signals that process 1 does not handle, so
    // the host must exit without a signal.
    if (process.pid === 1 && process.listenerCount(name) === 0) process.exit(128 + constants.signals[name]);
  };
  const onSignal = (name: NodeJS.Signals): void => {
    if (name === 'SIGHUP' && count > 0) return;
    count += 1;
    if (count > 1) {
      for (const client of clients) client.signalNow('SIGKILL');
      die(name);
      return;
    }
    void (async () => {
      try {
        await onInterrupt?.(name);
      } catch (error) {
        await warn(error);
      }
      await cleanupClients();
      die(name);
    })();
  };
  for (const name of signals) process.on(name, onSignal);
  return { [Symbol.dispose]: stop };
}

/**
 * Warns that the hook failed, and resolves once the warning is printed. Without this wait, the process might
 * end before the warning is printed.
 */
function warn(error: unknown): Promise<void> {
  const reason = isError(error) ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`onInterrupt failed: ${reason}`, 'PipeworkWarning');
  return new Promise((resolve) => realTimers.setImmediate(resolve));
}
