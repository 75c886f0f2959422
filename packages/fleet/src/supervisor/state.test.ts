import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SupervisorFacts, type Action, type StateOptions, type SupervisorEvent } from './state.ts';

const restart = { atMost: 2, withinMs: 1_000, initialDelayMs: 100, maxDelayMs: 1_000 };
const options: StateOptions<string> = { command: 'old', restart, hasSpare: false, random: () => 1 };

const died = new Error('died');

/** Drives the facts by hand, and remembers what they asked for. */
class Driver {
  readonly facts: SupervisorFacts<string>;
  readonly actions: Action<string>[] = [];
  now = 0;

  constructor(changes: Partial<StateOptions<string>> = {}) {
    this.facts = new SupervisorFacts({ ...options, ...changes });
  }

  do(event: SupervisorEvent<string>): readonly Action<string>[] {
    const actions = this.facts.handle(event, this.now);
    this.actions.push(...actions);
    return actions;
  }

  /** Starts, and becomes ready. */
  start(): void {
    this.do({ type: 'start' });
    this.ready();
  }

  /** The process that was launched last becomes ready. */
  ready(): void {
    this.do({ type: 'ready', process: this.lastLaunched });
  }

  end(process: number): readonly Action<string>[] {
    const actions = this.do({ type: 'ended', process, error: died });
    this.do({ type: 'gone', process });
    return actions;
  }

  fail(process: number, isPermanent = false): readonly Action<string>[] {
    const actions = this.do({ type: 'failed', process, error: died, isPermanent });
    this.do({ type: 'gone', process });
    return actions;
  }

  get lastLaunched(): number {
    return this.actions.findLast((action) => action.do === 'launch')!.process;
  }

  get state(): string {
    return this.facts.state;
  }
}

const kinds = (actions: readonly Action<string>[]): string[] =>
  actions.map((action) => ('process' in action ? `${action.do} ${action.process}` : action.do));

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

  test('starting: a failure waits with a delay, and launches when that is over', () => {
    const driver = new Driver();
    driver.do({ type: 'start' });
    expect(driver.fail(1)).toEqual([{ do: 'delay', which: 'restart', ms: 100 }]);
    expect(driver.state).toBe('waiting');
    expect(kinds(driver.do({ type: 'delay-over' }))).toEqual(['launch 2']);
    expect(driver.fail(2)).toEqual([{ do: 'delay', which: 'restart', ms: 200 }]);
  });

  test('starting: a permanent failure gives up at once', () => {
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

  test('more failures than atMost within the window give up', () => {
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

  test('the delay begins anew once a process was ready for the window', () => {
    const driver = new Driver();
    driver.start();
    driver.end(1);
    driver.do({ type: 'delay-over' });
    driver.ready();
    driver.now = 2_000;
    expect(driver.end(2)).toEqual([{ do: 'delay', which: 'restart', ms: 100 }]);
  });

  test('ready: a reload swaps in one step, drains the old process, and keeps the new command', () => {
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

  test('reloading: a failure changes nothing and is not counted', () => {
    const driver = new Driver();
    driver.start();
    driver.do({ type: 'reload', command: 'new' });
    expect(driver.fail(2)).toEqual([{ do: 'settle-reload', error: died }]);
    expect(driver.state).toBe('ready');
    expect(driver.facts.failures).toEqual([]);
    driver.end(1);
    expect(driver.do({ type: 'delay-over' })[0]).toMatchObject({ command: 'old' });
  });

  test('reloading: further reloads share one, and the last command wins', () => {
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

  test('reloading: if the current process ends and the new one is ready, nothing is counted', () => {
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

  test('waiting: a reload launches at once, and goes back to the rest of the delay if it fails', () => {
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

  test('an unhealthy process leaves first, and the next one is launched when it is gone', () => {
    const driver = new Driver();
    driver.start();
    expect(kinds(driver.do({ type: 'unhealthy', process: 1, error: died }))).toEqual(['retire 1', 'delay']);
    expect(driver.do({ type: 'delay-over' })).toEqual([]);
    expect(driver.state).toBe('waiting');
    expect(kinds(driver.do({ type: 'gone', process: 1 }))).toEqual(['launch 2']);
  });

  test('a ready spare takes over at once, and its successor comes after the delay', () => {
    const driver = new Driver({ hasSpare: true });
    driver.do({ type: 'start' });
    expect(kinds(driver.do({ type: 'ready', process: 1 }))).toContain('launch 2');
    driver.do({ type: 'ready', process: 2 });
    expect(kinds(driver.end(1))).toEqual(['take-over 2', 'delay']);
    expect(driver.state).toBe('ready');
    expect(kinds(driver.do({ type: 'spare-delay-over' }))).toEqual(['launch 3']);
  });

  test('a spare that is still starting becomes the incoming process', () => {
    const driver = new Driver({ hasSpare: true });
    driver.start();
    expect(driver.end(1)).toEqual([]);
    expect(driver.state).toBe('starting');
    driver.do({ type: 'ready', process: 2 });
    expect(driver.facts.current).toBe(2);
  });

  test('a spare that fails is not counted, and its own delays grow', () => {
    const driver = new Driver({ hasSpare: true });
    driver.start();
    expect(driver.fail(2)).toEqual([{ do: 'delay', which: 'spare', ms: 100 }]);
    driver.do({ type: 'spare-delay-over' });
    expect(driver.fail(3)).toEqual([{ do: 'delay', which: 'spare', ms: 200 }]);
    expect(driver.facts.failures).toEqual([]);
    expect(driver.state).toBe('ready');
  });

  test('a plugin that is not used ends, and a call wakes it up without counting', () => {
    const driver = new Driver();
    driver.start();
    expect(kinds(driver.do({ type: 'unused' }))).toContain('retire 1');
    expect(driver.state).toBe('idle');
    expect(kinds(driver.do({ type: 'wanted' }))).toEqual(['launch 2']);
    expect(driver.do({ type: 'changed' })).toEqual([]);
    expect(driver.facts.failures).toEqual([]);
  });

  test('idle: a change of a watched file wakes nothing up', () => {
    const driver = new Driver();
    driver.start();
    driver.do({ type: 'unused' });
    expect(driver.do({ type: 'changed' })).toEqual([]);
  });

  test('given up: start tries anew with a clean slate', () => {
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

  test('drops the events of processes that it does not know', () => {
    const driver = new Driver();
    driver.start();
    expect(driver.do({ type: 'ended', process: 99, error: died })).toEqual([]);
    expect(driver.do({ type: 'ready', process: 99 })).toEqual([]);
    expect(driver.do({ type: 'failed', process: 99, error: died, isPermanent: true })).toEqual([]);
  });
});

describe('whatever happens in whatever order', () => {
  /** What the world can do at a moment: each choice is an event that could really come. */
  type Choice = { readonly kind: number; readonly pick: number; readonly gap: number };

  class World {
    readonly driver: Driver;
    /** Launched and not gone: what each is at this moment. */
    readonly alive = new Map<number, 'starting' | 'ready' | 'ended'>();
    readonly restarts: number[] = [];
    readonly delays = new Set<string>();
    readonly generations: number[] = [];

    constructor(hasSpare: boolean) {
      this.driver = new Driver({ hasSpare });
    }

    send(event: SupervisorEvent<string>): void {
      const failuresBefore = this.driver.facts.failures;
      const hadGivenUp = this.driver.state === 'given-up';
      const actions = this.driver.do(event);
      const { failures } = this.driver.facts;
      if (failures !== failuresBefore && failures.length > 0 && this.driver.state !== 'given-up')
        this.restarts.push(this.driver.now);
      // After giving up, start() and reload() forget the failures.
      if (hadGivenUp && this.driver.state !== 'given-up') this.restarts.length = 0;
      for (const action of actions) this.perform(action);
    }

    perform(action: Action<string>): void {
      switch (action.do) {
        case 'launch':
          expect(this.alive.has(action.process)).toBe(false);
          this.alive.set(action.process, 'starting');
          return;
        case 'take-over':
          expect(this.alive.get(action.process)).toBe('ready');
          this.generations.push(action.process);
          return;
        case 'retire':
          expect(this.alive.has(action.process)).toBe(true);
          return;
        case 'delay':
          this.delays.add(action.which);
          return;
        case 'cancel-delay':
          this.delays.delete(action.which);
          return;
        default:
      }
    }

    step({ kind, pick, gap }: Choice): void {
      const { driver } = this;
      driver.now += gap;
      const pickFrom = <T>(list: readonly T[]): T | undefined => list[pick % list.length];
      const inState = (state: string): number[] =>
        [...this.alive].flatMap(([process, is]) => (is === state ? [process] : []));
      switch (kind) {
        case 0:
          return this.send({ type: 'start' });
        case 1:
          return this.send({ type: 'wanted' });
        case 2:
          return this.send({ type: 'reload', command: `cmd ${pick}` });
        case 3:
          return this.send({ type: 'changed' });
        case 4: {
          const process = pickFrom(inState('starting'));
          if (process === undefined) return;
          this.alive.set(process, 'ready');
          return this.send({ type: 'ready', process });
        }
        case 5: {
          const process = pickFrom(inState('starting'));
          if (process === undefined) return;
          this.alive.set(process, 'ended');
          return this.send({ type: 'failed', process, error: died, isPermanent: pick % 7 === 0 });
        }
        case 6: {
          const process = pickFrom(inState('ready'));
          if (process === undefined) return;
          this.alive.set(process, 'ended');
          return this.send({ type: 'ended', process, error: died });
        }
        case 7: {
          const process = pickFrom(inState('ended'));
          if (process === undefined) return;
          this.alive.delete(process);
          return this.send({ type: 'gone', process });
        }
        case 8:
          if (driver.facts.current !== undefined)
            return this.send({ type: 'unhealthy', process: driver.facts.current, error: died });
          return;
        case 9:
          return this.send({ type: 'unused' });
        case 10: {
          const which = pickFrom([...this.delays]);
          if (which === undefined) return;
          this.delays.delete(which);
          return this.send({ type: which === 'restart' ? 'delay-over' : 'spare-delay-over' });
        }
        default:
          if (pick % 50 === 0) this.send({ type: 'stop', drain: pick % 2 === 0 });
      }
    }

    check(): void {
      const { facts } = this.driver;
      // A process is in exactly one field from its launch until it is gone.
      expect([...facts.processes].toSorted((a, b) => a - b)).toEqual(
        [...this.alive.keys()].toSorted((a, b) => a - b),
      );
      // Generations only rise.
      expect(this.generations).toEqual([...new Set(this.generations)].toSorted((a, b) => a - b));
      // Somebody who waits is never left alone: a process is on its way, a delay runs, or one that must go first is still there.
      if (facts.state === 'waiting') expect(this.delays.has('restart') || this.alive.size > 0).toBe(true);
      if (facts.state === 'stopped' || facts.state === 'given-up')
        expect(this.delays.has('restart')).toBe(false);
    }
  }

  test('the rules hold', () => {
    const choice = fc.record({
      kind: fc.integer({ min: 0, max: 11 }),
      pick: fc.nat(1_000),
      gap: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(fc.boolean(), fc.array(choice, { minLength: 1, maxLength: 60 }), (hasSpare, choices) => {
        const world = new World(hasSpare);
        for (const step of choices) {
          world.step(step);
          world.check();
        }
        for (const from of world.restarts) {
          const within = world.restarts.filter((at) => at >= from && at < from + restart.withinMs);
          expect(within.length).toBeLessThanOrEqual(restart.atMost);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
