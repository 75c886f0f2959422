import { describe, expect, test } from 'vitest';
import { StreamState } from './stream-state.ts';

describe('opening', () => {
  test('of our own stream begins in the queue, continues with SYN, and ends with the peer’s first frame', () => {
    const state = new StreamState('queued');
    expect(state.maySend).toBe(false);
    expect(state.takeOpeningFlag()).toBeUndefined();
    state.leaveQueue();
    expect(state.takeOpeningFlag()).toBe('SYN');
    expect(state.takeOpeningFlag()).toBeUndefined();
    expect(state.receiveAny()).toBe(true);
    expect(state.receiveAny()).toBe(false);
    expect(state.opening).toBe('open');
  });

  test('of the peer’s stream makes ACK due once, when the stream is accepted', () => {
    const state = new StreamState('unaccepted');
    expect(state.takeOpeningFlag()).toBeUndefined();
    expect(state.accept()).toBe(true);
    expect(state.accept()).toBe(false);
    expect(state.takeOpeningFlag()).toBe('ACK');
    expect(state.takeOpeningFlag()).toBeUndefined();
    expect(state.opening).toBe('open');
  });

  test('is not changed by leaveQueue() if the stream is not in the queue', () => {
    const state = new StreamState('unaccepted');
    state.leaveQueue();
    expect(state.opening).toBe('unaccepted');
  });

  test('makes ACK due even if the peer’s FIN came before the stream was accepted', () => {
    const state = new StreamState('unaccepted');
    state.receiveFin();
    expect(state.accept()).toBe(true);
    expect(state.takeOpeningFlag()).toBe('ACK');
  });

  test('does not reach ACK if the stream was closed before it was accepted', () => {
    const state = new StreamState('unaccepted');
    state.close();
    expect(state.accept()).toBe(false);
  });

  test('decides whether the peer knows the stream', () => {
    const state = new StreamState('queued');
    expect(state.isKnownToPeer).toBe(false);
    state.leaveQueue();
    expect(state.isKnownToPeer).toBe(false);
    state.takeOpeningFlag();
    expect(state.isKnownToPeer).toBe(true);
    expect(new StreamState('unaccepted').isKnownToPeer).toBe(true);
  });
});

/**
 * All orders of the events that end a stream. After each event, the test checks whether the stream is over.
 */
describe('ending', () => {
  const steps = {
    end: (state: StreamState) => state.finish(),
    fin: (state: StreamState) => state.sendFin(),
    theirs: (state: StreamState) => state.receiveFin(),
    close: (state: StreamState) => state.close(),
  };
  test.each<[(keyof typeof steps)[], boolean[], boolean[]]>([
    // steps                         over after each         may send after each
    [
      ['end', 'fin', 'theirs'],
      [false, false, true],
      [true, false, false],
    ],
    [
      ['end', 'theirs', 'fin'],
      [false, false, true],
      [true, true, false],
    ],
    [
      ['theirs', 'end', 'fin'],
      [false, false, true],
      [true, true, false],
    ],
    [['close'], [true], [false]],
    [
      ['end', 'close'],
      [false, true],
      [true, false],
    ],
    [
      ['theirs', 'close'],
      [false, true],
      [true, false],
    ],
    [
      ['end', 'fin', 'close'],
      [false, false, true],
      [true, false, false],
    ],
  ])('%j', (names, over, maySend) => {
    const state = new StreamState('syn-due');
    names.forEach((name, i) => {
      steps[name](state);
      expect([name, state.hasEnded, state.maySend]).toEqual([name, over[i], maySend[i]]);
    });
  });

  test('a second end() and a second FIN change nothing', () => {
    const state = new StreamState('syn-due');
    expect([state.finish(), state.finish()]).toEqual([true, false]);
    state.receiveFin();
    state.receiveFin();
    expect([state.sending, state.receiving]).toEqual(['fin-due', 'finished']);
  });
});
