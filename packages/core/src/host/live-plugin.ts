/**
 * A plugin after its handshake: its process and its session. When the session is lost, the process is ended
 * too.
 */

import type { Limits } from '../base/limits.ts';
import { PipeworkError } from '../base/errors.ts';
import { maxTimerMs, settlesWithin } from '../base/timers.ts';
import type { Activity } from './activity.ts';
import type { CallInterceptor } from '../rpc/api/interceptors.ts';
import { parseCapabilities } from '../session/capabilities.ts';
import { controlMethods } from '../session/wire-words.ts';
import { describeLoss, isBreach, PluginExitError, type PluginExit } from './end/exit.ts';
import type { PluginProcess } from './end/plugin-process.ts';
import { HostEnd } from './host-end.ts';
import type { Log } from './output/logger.ts';
import type { SyncedTarget } from './output/synced-reader.ts';
import type { ServiceOffer } from './services.ts';
import type { Started } from './start/start.ts';

/** Milliseconds to wait, after a session is lost, for the process to exit. The exit explains the loss. */
const exitExplainsMs = 500;

/** The objects from which a live plugin is made. */
export interface LivePluginOptions {
  readonly started: Started;
  readonly name: string;
  /**
   * How long the host waits for the answer to Quit, in milliseconds. The host passed this time to the plugin
   * at its start.
   */
  readonly graceMs: number;
  readonly limits: Limits;
  readonly interceptors: readonly CallInterceptor[];
  readonly stdout: SyncedTarget;
  readonly stderr: SyncedTarget;
  readonly log: Log | undefined;
  readonly activity: Activity;
  readonly offer: ServiceOffer | undefined;
  readonly redactError: ((error: unknown, method: string) => unknown) | undefined;
  /**
   * Called when the session, or the control stream on it, has ended. If the client is already ending the
   * plugin, it ignores the call.
   */
  onLoss(reason: unknown): void;
}

/** A plugin with a session. */
export class LivePlugin {
  readonly process: PluginProcess;
  readonly hostEnd: HostEnd;
  readonly #name: string;
  readonly #graceMs: number;
  readonly #log: Log | undefined;

  /** Opens the session. */
  constructor(options: LivePluginOptions) {
    const { started, name, log, activity } = options;
    const { run, greeting } = started;
    this.process = run;
    run.watchMemory();
    this.#name = name;
    this.#graceMs = options.graceMs;
    this.#log = log;
    this.hostEnd = new HostEnd({
      readable: run.launched.readable,
      writable: run.launched.writable,
      name,
      limits: options.limits,
      interceptors: options.interceptors,
      capabilities: parseCapabilities([...greeting.capabilities].join(',')),
      stdout: options.stdout,
      stderr: options.stderr,
      stderrTail: run.stderrTail,
      explainLoss: (cause) => this.#explainLoss(cause),
      onBusy: (busy) => activity.setBusy(busy),
      onQuiet: () => activity.changed(),
      offer: options.offer,
      redactError: options.redactError,
    });
    activity.started(() => this.hostEnd.isUnderWay);
    const { session, control } = this.hostEnd;
    const lost = (reason: unknown): void => options.onLoss(reason);
    session.closed.then(lost, lost);
    void control.closed.then(() => {
      if (!session.hasEnded) lost(new PipeworkError('RPC_PROTOCOL', 'it ended the control stream'));
    });
  }

  /**
   * Ends the plugin by `PluginProcess.end()`, whose first step asks the plugin to leave. The host waits at
   * most `graceMs` for the answer.
   */
  quit(graceMs: number): Promise<PluginExit> {
    const { session, control, shared } = this.hostEnd;
    const isOther = graceMs !== this.#graceMs && shared.capabilities.has('grace');
    const asked = isOther ? Math.min(Math.ceil(graceMs), maxTimerMs) : true;
    return this.process.end({
      ask: session.hasEnded ? undefined : () => control.call(controlMethods.quit, [asked]).then(() => true),
      askMs: graceMs,
      closePipe: () => this.#closePipe(),
    });
  }

  /**
   * Ends the process after its session or its control stream was lost. First waits at most `exitExplainsMs`
   * for the process to exit.
   */
  async endAfterLoss(reason: unknown): Promise<void> {
    const hasLeft = await settlesWithin(this.process.gone, exitExplainsMs);
    if (hasLeft && !isBreach(reason)) return;
    this.#log?.(
      'warn',
      `the plugin ${describeLoss(reason)}${hasLeft ? '' : ' and runs on, so the host ends it'}`,
    );
    if (!hasLeft) await this.process.end({ closePipe: () => this.#closePipe() });
  }

  /**
   * Resolves to an error that explains the loss. First waits briefly for the exit code, which explains more
   * than a broken pipe.
   */
  async #explainLoss(cause: Error): Promise<Error> {
    const { process } = this;
    // If a limit or a mistake has reset only one stream, the plugin is not lost.
    if (!process.hasEnded && !this.hostEnd.session.hasEnded) return cause;
    if (await settlesWithin(process.gone, exitExplainsMs))
      return new PluginExitError(this.#name, await process.exit, { cause });
    const stderrTail = process.stderrTail.toString();
    return new PluginExitError(this.#name, undefined, { cause, stderrTail });
  }

  #closePipe(): void {
    const { session } = this.hostEnd;
    if (session.hasEnded) this.process.launched.writable.end();
    else session.endOutput();
  }
}
