/** Helpers that the tests of streams of values share. */
import { expect } from 'vitest';
import type { Pair } from './rpc-pair.ts';

/** Waits until neither side holds a reference, and no stream is open but the one that carries the calls. */
export async function atRest(pair: Pair<object>): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (pair.host.references + pair.plugin.references + pair.hostSession.streamCount === 1) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([pair.host.references, pair.plugin.references, pair.hostSession.streamCount]).toEqual([0, 0, 1]);
  expect(pair.hostShared.counts.valueStreams + pair.pluginShared.counts.valueStreams).toBe(0);
}

/** Reads the stream to its end, and returns every item, in order. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/**
 * Returns a generator of the numbers below `count`. It adds each number to `log`, and 'closed' at its end.
 */
export function source(log: unknown[], count = Infinity) {
  return (async function* () {
    try {
      for (let n = 0; n < count; n++) {
        log.push(n);
        yield n;
      }
      return 'end';
    } finally {
      log.push('closed');
    }
  })();
}
