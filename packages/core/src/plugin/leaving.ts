/** How a plugin leaves: no new calls, a while for those that run, disposal of what was served, the shutdown hook, and an end to each. */

import type { Conversation } from '../rpc/calls/conversation.ts';
import { PipeworkError } from '../base/errors.ts';
import { sentences } from '../session/wire-words.ts';
import { clock, settlesWithin } from '../base/timers.ts';

/** What is left, and how its parts are ended. */
export interface Leaver {
  /** The conversations whose calls are to end. */
  readonly conversations: Iterable<Conversation>;
  readonly onShutdown: ((signal: AbortSignal) => void | Promise<void>) | undefined;
  /** Aborts the signal of every context. */
  abort(reason: Error): void;
  /** Resolves once every handler has ended, those of conversations that are gone too, and every source has cleaned up. */
  ended(): Promise<unknown>;
  /** Ends the streams of the broker. */
  cutStreams(reason: Error): void;
  /** Disposes of what was dispensed and given by reference. Never rejects. */
  dispose(): Promise<void>;
  /** The hook failed. */
  readonly report: (error: unknown) => void;
}

/** Of a graceful end's time, what running calls may take before they are cut short. The rest is for clean-ups, disposals and the hook. */
const callsShare = 2 / 3;
/** Of what is then left, how long the disposals wait for handlers and sources that clean up. */
const cleanUpShare = 1 / 5;
/** Of what is then left, the disposals' part. */
const disposalShare = 1 / 2;

/**
 * Leaves within `budgetMs`; `graceful` gives running calls their share of it, otherwise they are cut short at once. Handlers and
 * sources that clean up have until the end of the time, beside the disposals and the hook. Never rejects.
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
  const ended = leaver.ended();
  // What still runs may wait for a stream of the broker. Others are left to the shutdown hook.
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
