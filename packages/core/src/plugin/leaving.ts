/**
 * The steps in which a plugin leaves. The plugin refuses new calls, gives running calls some time, disposes
 * of the served objects, and runs the shutdown hook. Each step has a time limit.
 */

import type { Conversation } from '../rpc/calls/conversation.ts';
import { PipeworkError } from '../base/errors.ts';
import { sentences } from '../session/wire-words.ts';
import { clock, settlesWithin } from '../base/timers.ts';

/** The parts of a plugin that must end, each with the function that ends it. */
export interface Leaver {
  /** The conversations whose calls must end. */
  readonly conversations: Iterable<Conversation>;
  readonly onShutdown: ((signal: AbortSignal) => void | Promise<void>) | undefined;
  /** Aborts the signal of every context. */
  abort(reason: Error): void;
  /**
   * Resolves after all handlers have ended, those of ended conversations included, and all sources of streams
   * have cleaned up.
   */
  ended(): Promise<unknown>;
  /** Ends the streams of the broker. */
  cutStreams(reason: Error): void;
  /**
   * Disposes of the dispensed implementations, and of the objects that were given by reference. Never
   * rejects.
   */
  dispose(): Promise<void>;
  /** Called with the error that `onShutdown` throws. */
  readonly report: (error: unknown) => void;
}

/**
 * If the end is graceful, running calls may continue for this share of the time. After that, they are cut
 * short, and the rest of the time is for clean-ups, disposals and the shutdown hook.
 */
const callsShare = 2 / 3;
/**
 * Handlers and sources get at most this share of the remaining time to clean up before the disposals begin.
 */
const cleanUpShare = 1 / 5;
/** The disposals may take this share of the time that remains after these clean-ups. */
const disposalShare = 1 / 2;

/**
 * Leaves within `budgetMs`. If `graceful` is true, running calls get their share of the time. Otherwise
 * running calls are cut short immediately. Handlers and sources may continue to clean up while the disposals
 * and the hook run. Never rejects.
 */
export async function leave(leaver: Leaver, budgetMs: number, graceful: boolean): Promise<void> {
  const began = clock();
  const left = (): number => Math.max(1, budgetMs - (clock() - began));
  const conversations = [...leaver.conversations];
  for (const conversation of conversations) conversation.refuseCalls(sentences.shuttingDown);
  const reason = graceful
    ? new PipeworkError('RPC_SHUTTING_DOWN', sentences.shuttingDown)
    : new PipeworkError('RPC_CLOSED', 'the host is gone');
  if (graceful) {
    await settlesWithin(
      Promise.all(conversations.map((conversation) => conversation.idle())),
      budgetMs * callsShare,
    );
  }
  for (const conversation of conversations) conversation.leave(reason);
  leaver.abort(reason);
  // If the host is gone, streams of the broker have no peer, so handlers must not wait for them any longer.
  if (!graceful) leaver.cutStreams(reason);
  const ended = leaver.ended();
  // Handlers that have not ended may be waiting for a stream of the broker. If a handler waits for anything
  // else, the shutdown hook must end this wait.
  if (!(await settlesWithin(ended, left() * cleanUpShare))) leaver.cutStreams(reason);
  await settlesWithin(leaver.dispose(), left() * disposalShare);
  await shutDown(leaver, left());
  await settlesWithin(ended, left());
}

async function shutDown({ onShutdown, report }: Leaver, ms: number): Promise<void> {
  if (onShutdown === undefined) return;
  const late = new AbortController();
  const hook = (async () => onShutdown(late.signal))().catch(report);
  if (!(await settlesWithin(hook, ms))) late.abort(new Error(`the plugin's time to shut down is over`));
}
