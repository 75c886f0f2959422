import { describe, expect, test } from 'vitest';
import { leave, type Leaver } from './leaving.ts';

/**
 * Leaves while one handler runs, which ends when the streams of the broker are cut. Returns the steps in
 * order.
 */
async function steps(graceful: boolean): Promise<string[]> {
  const seen: string[] = [];
  let endHandler!: () => void;
  const handler = new Promise<void>((resolve) => (endHandler = resolve));
  const leaver: Leaver = {
    conversations: [],
    onShutdown: () => void seen.push('shut down'),
    abort: () => void seen.push('abort'),
    ended: () => {
      seen.push('wait for handlers');
      return handler;
    },
    cutStreams: () => {
      seen.push('cut streams');
      endHandler();
    },
    dispose: async () => void seen.push('dispose'),
    report: (error) => void seen.push(String(error)),
  };
  await leave(leaver, 100, graceful);
  return seen;
}

describe('a plugin that leaves while a handler waits for a stream of the broker', () => {
  test('cuts the stream before it waits for handlers, if the host is gone', async () => {
    expect(await steps(false)).toEqual(['abort', 'cut streams', 'wait for handlers', 'dispose', 'shut down']);
  });

  test('first gives the handler its share of the time, if the host asked the plugin to leave', async () => {
    expect(await steps(true)).toEqual(['abort', 'wait for handlers', 'cut streams', 'dispose', 'shut down']);
  });
});
