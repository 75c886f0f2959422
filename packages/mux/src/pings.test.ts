import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MuxError } from './errors.ts';
import { MAX_UINT32 } from './frame.ts';
import { Pings } from './pings.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function makePings(): { pings: Pings; sent: number[] } {
  const sent: number[] = [];
  return { sent, pings: new Pings((value) => void sent.push(value), 100, globalThis) };
}

test('ask() resolves with the time until the answer that has the value of the ping', async () => {
  const { pings, sent } = makePings();
  const first = pings.ask();
  vi.advanceTimersByTime(30);
  const second = pings.ask();
  expect(sent).toEqual([0, 1]);
  vi.advanceTimersByTime(20);
  pings.onAnswer(1);
  pings.onAnswer(0);
  pings.onAnswer(0);
  pings.onAnswer(99);
  expect(await Promise.all([first, second])).toEqual([50, 20]);
});

test('ask() rejects if no answer arrives in time, and a later answer is ignored', async () => {
  const { pings } = makePings();
  const outcome = pings.ask().catch((error: unknown) => error);
  vi.advanceTimersByTime(110);
  expect(await outcome).toMatchObject({
    code: 'MUX_PING_TIMEOUT',
    message: 'the peer did not answer a ping within 100 ms',
  });
  pings.onAnswer(0);
});

test('after the ping with the greatest value, the next ping has the value 0', () => {
  const { pings, sent } = makePings();
  pings.nextValue = MAX_UINT32;
  for (let i = 0; i < 2; i += 1) pings.ask().catch(() => {});
  expect(sent).toEqual([MAX_UINT32, 0]);
  pings.close(new MuxError('MUX_SESSION_CLOSED', 'closed'));
});

test('keep-alive sends a ping after each interval in which nothing arrived, and reports a ping without an answer', async () => {
  const { pings, sent } = makePings();
  let isHeard = true;
  const lost: string[] = [];
  pings.keepAlive(
    1_000,
    () => isHeard,
    ({ code }) => void lost.push(code),
  );
  vi.advanceTimersByTime(3_500);
  expect(sent).toEqual([]);
  isHeard = false;
  vi.advanceTimersByTime(550);
  expect(sent).toEqual([0]);
  pings.onAnswer(0);
  await vi.advanceTimersByTimeAsync(500);
  expect(lost).toEqual([]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([sent, lost]).toEqual([[0, 1], ['MUX_PING_TIMEOUT']]);
});

test('close() rejects every ping and leaves no timer', async () => {
  const { pings } = makePings();
  pings.keepAlive(
    1_000,
    () => false,
    () => {},
  );
  const outcome = pings.ask().catch((error: unknown) => error);
  const reason = new MuxError('MUX_SESSION_CLOSED', 'closed');
  pings.close(reason);
  expect(await outcome).toBe(reason);
  expect(vi.getTimerCount()).toBe(0);
  pings.onAnswer(0);
});
