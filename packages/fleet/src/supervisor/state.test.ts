import { describe, expect, test } from 'vitest';
import { died, Driver, kinds } from '../../test/support/driver.ts';

describe('a supervisor decides', () => {
  test('new: a call launches a process, which becomes current when it is ready', () => {
    const driver = new Driver();
    expect(kinds(driver.do({ type: 'wanted' }))).toEqual(['launch 1']);
    expect(driver.state).toBe('starting');
    expect(kinds(driver.do({ type: 'ready', process: 1 }))).toEqual(['take-over 1', 'settle-start']);
    expect(driver.state).toBe('ready');
  });

  test('new: stop is final', () => {
    const driver = new Driver();
    driver.do({ type: 'stop', drain: true });
    expect(driver.state).toBe('stopped');
    expect(driver.do({ type: 'start' })).toEqual([]);
  });

  test('starting: after a failure a delay runs, and a process is launched when the delay is over', () => {
    const driver = new Driver();
    driver.do({ type: 'start' });
    expect(driver.fail(1)).toEqual([{ do: 'delay', which: 'restart', ms: 100 }]);
    expect(driver.state).toBe('waiting');
    expect(kinds(driver.do({ type: 'delay-over' }))).toEqual(['launch 2']);
    expect(driver.fail(2)).toEqual([{ do: 'delay', which: 'restart', ms: 200 }]);
  });

  test('starting: the supervisor gives up immediately after a permanent failure', () => {
    const driver = new Driver();
    driver.do({ type: 'start' });
    expect(kinds(driver.fail(1, true)).at(-1)).toBe('give-up');
    expect(driver.state).toBe('given-up');
  });

  test('starting: a reload waits until the start has settled', () => {
    const driver = new Driver();
    driver.do({ type: 'start' });
    expect(driver.do({ type: 'reload', command: 'new' })).toEqual([]);
    expect(kinds(driver.do({ type: 'ready', process: 1 }))).toEqual([
      'take-over 1',
      'settle-start',
      'begin-reload',
      'launch 2',
    ]);
    expect(driver.state).toBe('reloading');
  });

  test('the supervisor gives up after more failures than atMost within the window', () => {
    const driver = new Driver();
    driver.start();
    driver.end(1);
    driver.do({ type: 'delay-over' });
    driver.ready();
    driver.end(2);
    driver.do({ type: 'delay-over' });
    driver.ready();
    expect(kinds(driver.end(3)).at(-1)).toBe('give-up');
  });

  test('the delays start again from the shortest after a process was ready for the whole window', () => {
    const driver = new Driver();
    driver.start();
    driver.end(1);
    driver.do({ type: 'delay-over' });
    driver.ready();
    driver.now = 2_000;
    expect(driver.end(2)).toEqual([{ do: 'delay', which: 'restart', ms: 100 }]);
  });

  test('ready: a reload drains the old process, and later restarts use the new command', () => {
    const driver = new Driver();
    driver.start();
    expect(driver.do({ type: 'reload', command: 'new' }).at(-1)).toMatchObject({ command: 'new' });
    expect(kinds(driver.do({ type: 'ready', process: 2 }))).toEqual([
      'take-over 2',
      'retire 1',
      'settle-start',
      'settle-reload',
    ]);
    driver.end(2);
    expect(driver.do({ type: 'delay-over' })[0]).toMatchObject({ do: 'launch', command: 'new' });
  });

  test('reloading: if the new process fails, the old one stays current and no failure is counted', () => {
    const driver = new Driver();
    driver.start();
    driver.do({ type: 'reload', command: 'new' });
    expect(driver.fail(2)).toEqual([{ do: 'settle-reload', error: died }]);
    expect(driver.state).toBe('ready');
    expect(driver.facts.failures).toEqual([]);
    driver.end(1);
    expect(driver.do({ type: 'delay-over' })[0]).toMatchObject({ command: 'old' });
  });

  test('reloading: further reloads are joined into one, which uses the last command', () => {
    const driver = new Driver();
    driver.start();
    driver.do({ type: 'reload', command: 'a' });
    driver.do({ type: 'reload', command: 'b' });
    driver.do({ type: 'reload', command: 'c' });
    const actions = driver.do({ type: 'ready', process: 2 });
    expect(actions.at(-1)).toMatchObject({ do: 'launch', command: 'c' });
    driver.ready();
    expect(driver.state).toBe('ready');
  });

  test('reloading: if the current process ends and the new one becomes ready, no failure is counted', () => {
    const driver = new Driver();
    driver.start();
    driver.do({ type: 'reload', command: undefined });
    expect(driver.end(1)).toEqual([]);
    expect(driver.state).toBe('reloading');
    driver.ready();
    expect(driver.state).toBe('ready');
    expect(driver.facts.failures).toEqual([]);
  });

  test('reloading: if the current process ends and the new one fails, one failure is counted', () => {
    const driver = new Driver();
    driver.start();
    driver.do({ type: 'reload', command: 'new' });
    driver.end(1);
    driver.fail(2);
    expect(driver.state).toBe('waiting');
    expect(driver.facts.failures).toHaveLength(1);
  });

  test('waiting: a reload launches a process immediately, and if it fails, the rest of the delay follows', () => {
    const driver = new Driver();
    driver.start();
    driver.end(1);
    driver.now = 40;
    expect(kinds(driver.do({ type: 'reload', command: 'new' }))).toEqual([
      'begin-reload',
      'cancel-delay',
      'launch 2',
    ]);
    expect(driver.fail(2)).toContainEqual({ do: 'delay', which: 'restart', ms: 60 });
    expect(driver.facts.failures).toHaveLength(1);
    expect(driver.do({ type: 'delay-over' })[0]).toMatchObject({ command: 'old' });
  });

  test('after an unhealthy process, the next one is launched only when the unhealthy one is gone', () => {
    const driver = new Driver();
    driver.start();
    expect(kinds(driver.do({ type: 'unhealthy', process: 1, error: died }))).toEqual(['retire 1', 'delay']);
    expect(driver.do({ type: 'delay-over' })).toEqual([]);
    expect(driver.state).toBe('waiting');
    expect(kinds(driver.do({ type: 'gone', process: 1 }))).toEqual(['launch 2']);
  });

  test('a ready spare takes over immediately, and the next spare is launched after the delay', () => {
    const driver = new Driver({ hasSpare: true });
    driver.do({ type: 'start' });
    expect(kinds(driver.do({ type: 'ready', process: 1 }))).toContain('launch 2');
    driver.do({ type: 'ready', process: 2 });
    expect(kinds(driver.end(1))).toEqual(['take-over 2', 'delay']);
    expect(driver.state).toBe('ready');
    expect(kinds(driver.do({ type: 'spare-delay-over' }))).toEqual(['launch 3']);
  });

  test('when the current process ends, a starting spare replaces it as soon as the spare is ready', () => {
    const driver = new Driver({ hasSpare: true });
    driver.start();
    expect(driver.end(1)).toEqual([]);
    expect(driver.state).toBe('starting');
    driver.do({ type: 'ready', process: 2 });
    expect(driver.facts.current).toBe(2);
  });

  test('the failure of a spare is not counted, and the delays before further spares grow', () => {
    const driver = new Driver({ hasSpare: true });
    driver.start();
    expect(driver.fail(2)).toEqual([{ do: 'delay', which: 'spare', ms: 100 }]);
    driver.do({ type: 'spare-delay-over' });
    expect(driver.fail(3)).toEqual([{ do: 'delay', which: 'spare', ms: 200 }]);
    expect(driver.facts.failures).toEqual([]);
    expect(driver.state).toBe('ready');
  });

  test('an unused plugin ends, and a call starts it again without counting a failure', () => {
    const driver = new Driver();
    driver.start();
    expect(kinds(driver.do({ type: 'unused' }))).toContain('retire 1');
    expect(driver.state).toBe('idle');
    expect(kinds(driver.do({ type: 'wanted' }))).toEqual(['launch 2']);
    expect(driver.do({ type: 'changed' })).toEqual([]);
    expect(driver.facts.failures).toEqual([]);
  });

  test('idle: a change of a watched file does not wake up the plugin', () => {
    const driver = new Driver();
    driver.start();
    driver.do({ type: 'unused' });
    expect(driver.do({ type: 'changed' })).toEqual([]);
  });

  test('given up: start() forgets all failures, and launches a process', () => {
    const driver = new Driver({ restart: false });
    driver.start();
    driver.end(1);
    expect(driver.state).toBe('given-up');
    expect(driver.do({ type: 'wanted' })).toEqual([]);
    expect(kinds(driver.do({ type: 'start' }))).toEqual(['launch 2']);
    expect(driver.facts.failures).toEqual([]);
  });

  test('stop retires every process, and kills one that is starting', () => {
    const driver = new Driver({ hasSpare: true });
    driver.start();
    driver.do({ type: 'reload', command: undefined });
    const actions = driver.do({ type: 'stop', drain: true });
    const retired = actions.filter((action) => action.do === 'retire');
    expect(retired.map(({ process, how }) => [process, how])).toEqual([
      [2, 'quit'],
      [3, 'kill'],
      [1, 'drain'],
    ]);
  });

  test('the supervisor ignores events of unknown processes', () => {
    const driver = new Driver();
    driver.start();
    expect(driver.do({ type: 'ended', process: 99, error: died })).toEqual([]);
    expect(driver.do({ type: 'ready', process: 99 })).toEqual([]);
    expect(driver.do({ type: 'failed', process: 99, error: died, isPermanent: true })).toEqual([]);
  });
});
