import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { died, Driver, restart } from '../../test/support/driver.ts';
import type { Action, SupervisorEvent } from './events.ts';

describe('the facts of a supervisor', () => {
  /** The random numbers of one step. They choose an event that is possible in the present state. */
  type Choice = { readonly kind: number; readonly pick: number; readonly gap: number };

  class World {
    readonly driver: Driver;
    /** The processes that were launched and are not gone, with the state of each. */
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
      // From its launch until it is gone, a process is in exactly one field.
      expect([...facts.processes].toSorted((a, b) => a - b)).toEqual(
        [...this.alive.keys()].toSorted((a, b) => a - b),
      );
      // Generations only rise.
      expect(this.generations).toEqual([...new Set(this.generations)].toSorted((a, b) => a - b));
      // No call waits without end: in the state `waiting`, a delay runs, or a process exists whose end is
      // awaited.
      if (facts.state === 'waiting') expect(this.delays.has('restart') || this.alive.size > 0).toBe(true);
      if (facts.state === 'stopped' || facts.state === 'given-up')
        expect(this.delays.has('restart')).toBe(false);
    }
  }

  test('keep their rules in any sequence of events', () => {
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
