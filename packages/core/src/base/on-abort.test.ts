import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { onAbort } from './on-abort.ts';

describe('a signal', () => {
  test('has one listener, however many callbacks wait for it', () => {
    const { signal, abort } = controller();
    const heard: number[] = [];
    const stops = Array.from({ length: 50 }, (_, i) => onAbort(signal, () => heard.push(i)));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    stops[7]?.();
    abort();
    expect(heard).toEqual([...Array(50).keys()].filter((i) => i !== 7));
  });

  test('has no listener once the last callback is removed', () => {
    const { signal, abort } = controller();
    let heard = 0;
    const stops = [onAbort(signal, () => heard++), onAbort(signal, () => heard++)];
    for (const stop of [...stops, ...stops]) stop();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const stop = onAbort(signal, () => heard++);
    abort();
    stop();
    expect(heard).toBe(1);
  });
});

function controller(): { signal: AbortSignal; abort(): void } {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
}
