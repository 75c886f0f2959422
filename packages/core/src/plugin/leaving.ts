/** How a plugin leaves: no new calls, a while for those that run, disposal of what was served, the shutdown hook, and an end to each. */

import type { Conversation } from '../rpc/calls/conversation.ts';
import { PipeworkError } from '../base/errors.ts';
import { sentences } from '../session/wire-words.ts';
import { clock, settlesWithin } from '../base/timers.ts';

/** Who leaves. */
export interface Leaver {
  /** The conversations whose calls are to end. */
  readonly conversations: Iterable<Conversation>;
  readonly onShutdown: ((signal: AbortSignal) => void | Promise<void>) | undefined;
  /** Aborts the signal of every context. */
  abort(reason: Error): void;
  /** Disposes of what was dispensed and given by reference. Never rejects. */
  dispose(): Promise<void>;
  /** The hook failed. */
  report(error: unknown): void;
}

/** Of a graceful end's time, what running calls may take before their signals abort. The rest is for disposals and the hook. */
const callsShare = 2 / 3;
/** Of what is then left, the disposals' part. */
const disposalShare = 1 / 2;

/** Leaves within `budgetMs`; `graceful` gives running calls their share of it, otherwise they are aborted at once. Never rejects. */
export async function leave(leaver: Leaver, budgetMs: number, graceful: boolean): Promise<void> {
  const began = clock();
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
  for (const conversation of conversations) conversation.abortRunning(reason);
  leaver.abort(reason);
  const left = (): number => Math.max(1, budgetMs - (clock() - began));
  await settlesWithin(leaver.dispose(), left() * disposalShare);
  const { onShutdown } = leaver;
  if (onShutdown === undefined) return;
  const late = new AbortController();
  const hook = (async () => onShutdown(late.signal))().catch((error: unknown) => leaver.report(error));
  if (!(await settlesWithin(hook, left()))) late.abort(new Error(`the plugin's time to shut down is over`));
}
