/** Publishes changes of a pool's processes on a diagnostics channel. */
import { channel } from 'node:diagnostics_channel';
import type { PluginExit } from '@pipework/core';
import type { EndReason } from './member.ts';

/**
 * The message that the channel `pipework:pool` publishes when a process of a pool begins to accept calls, and
 * when a process is gone.
 */
export interface PoolChange {
  /** The pool's name. */
  readonly name: string;
  /** The number of the process, counted from 1. */
  readonly process: number;
  /** `ready`, or the reason why the process has ended. */
  readonly change: 'ready' | EndReason;
  /** How the process ended. Absent if `change` is `ready`, or if the process never ran. */
  readonly exit?: PluginExit;
  /** The failure that ended the process, if there was one. */
  readonly error?: Error;
}

/** The name of the diagnostics channel on which a pool publishes each {@link PoolChange}. */
export const poolChannelName = 'pipework:pool';

const poolChannel = channel(poolChannelName);

/** Publishes a change if there is a subscriber. */
export function tellPool(
  name: string,
  process: number,
  change: PoolChange['change'],
  exit?: PluginExit,
  error?: Error,
): void {
  if (!poolChannel.hasSubscribers) return;
  const told: PoolChange = {
    name,
    process,
    change,
    ...(exit === undefined ? {} : { exit }),
    ...(error === undefined ? {} : { error }),
  };
  poolChannel.publish(told);
}
