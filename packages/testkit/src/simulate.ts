/**
 * A deterministic simulation, which tries many schedules. A schedule decides in which order and in what
 * pieces bytes arrive. If a schedule fails, the simulation looks for a simpler one that fails too.
 */
import { inspect } from 'node:util';
import { connectBy, type ConnectOptions, type Pair, type Plugins } from './connect.ts';
import { freshSeed, Random } from './faults/random.ts';
import type { BytePipe, Delivery } from './memory/byte-pipe.ts';
import { clearRealTimeout, setRealImmediate, setRealTimeout } from './real-time.ts';

/** Options of {@link simulate}. These options say how many schedules are tried, and which schedules. */
export interface SimulateOptions {
  /** The seed of the first run. Each further run uses the next number. The default is a new seed. */
  readonly seed?: number;
  /** How many schedules are tried. The default is 100. */
  readonly runs?: number;
  /** The only schedule to try. The message of a failure shows the schedule that repeats the failure. */
  readonly schedule?: readonly number[];
  /**
   * A run fails if it has not ended and no byte has moved for this many milliseconds. The default is 2,000.
   */
  readonly stuckAfterMs?: number;
  /** How many further runs may be used to shrink a failure. The default is 200. */
  readonly shrinkRuns?: number;
}

/** The argument of a scenario. */
export interface Simulation {
  /** Like `connect`, but the simulation decides when and in what pieces bytes arrive. */
  connect<P, S = Record<never, never>>(
    plugins: Plugins<P, S>,
    options?: ConnectOptions<P, S>,
  ): Promise<Pair<P, S>>;
  /**
   * Returns a whole number from 0 to `limit` - 1. The number becomes a part of the schedule. Let 0 mean the
   * simplest choice, because the search for a simpler schedule replaces numbers by 0.
   */
  choose(limit: number): number;
}

/** A scenario failed. The error has the simplest failing schedule that was found. */
export class SimulationError extends Error {
  /** The name that distinguishes this error from others. */
  override readonly name = 'SimulationError';
  /** The seed of the failing run. With this seed, `simulate` begins with that run. */
  readonly seed: number;
  /** The failing schedule. To see the failure again, give this list to `simulate` as `schedule`. */
  readonly schedule: readonly number[];
  /** The transcript of the pipes in the failing run. */
  readonly transcript: string;

  constructor(seed: number, run: number, found: SimulationFailure, shrunkFrom: number) {
    const { error, schedule, transcript } = found;
    const reason = error instanceof Error ? error.message : inspect(error);
    super(
      `the scenario fails in run ${String(run + 1)} (seed ${String(seed)}): ${reason}\n` +
        `schedule, shrunk from ${String(shrunkFrom)} choices to ${String(schedule.length)}: ` +
        `simulate(scenario, { schedule: [${schedule.join(', ')}] })\n${transcript}`,
      { cause: error },
    );
    this.seed = seed;
    this.schedule = schedule;
    this.transcript = transcript;
  }
}

/** One failing run. */
export interface SimulationFailure {
  /** The error that the scenario threw. */
  readonly error: unknown;
  /** The choices that led to the failure. */
  readonly schedule: readonly number[];
  /** The transcript of the pipes in this run. */
  readonly transcript: string;
}

/**
 * Runs `scenario` under many schedules. If all runs pass, resolves to their number and to the seed. Otherwise
 * rejects with a `SimulationError` that has the simplest failing schedule found. The schedule does not
 * control timers.
 *
 * @example
 * ```ts
 * import { simulate } from '@pipework/testkit';
 *
 * const plugins = { greeter: () => ({ greet: (name: string) => `Hello, ${name}!` }) };
 * await simulate(
 *   async ({ connect }) => {
 *     await using pair = await connect(plugins);
 *     const greeter = await pair.rpc.dispense('greeter');
 *     const greetings = await Promise.all([greeter.greet('Ada'), greeter.greet('Grace')]);
 *     if (greetings[1] !== 'Hello, Grace!') throw new Error(`got ${greetings.join()}`);
 *   },
 *   { runs: 25 },
 * );
 * ```
 */
export async function simulate(
  scenario: (simulation: Simulation) => Promise<void>,
  options: SimulateOptions = {},
): Promise<{ readonly runs: number; readonly seed: number }> {
  const { seed = freshSeed(), runs = 100, schedule, stuckAfterMs = 2_000, shrinkRuns = 200 } = options;
  const attempt = (choices: Choices): Promise<SimulationFailure | undefined> =>
    runOnce(scenario, choices, stuckAfterMs);
  if (schedule !== undefined) {
    const failure = await attempt(new Choices(schedule, undefined));
    if (failure !== undefined) throw new SimulationError(seed, 0, failure, schedule.length);
    return { runs: 1, seed };
  }
  for (let run = 0; run < runs; run++) {
    const failure = await attempt(new Choices([], new Random(seed + run)));
    if (failure === undefined) continue;
    const smallest = await shrink(failure, (list) => attempt(new Choices(list, undefined)), shrinkRuns);
    throw new SimulationError(seed + run, run, smallest, failure.schedule.length);
  }
  return { runs, seed };
}

/**
 * A list of choices. The choices in `given` are used first. Later choices are random. Without a source of
 * random numbers, later choices are 0, which is the simplest choice.
 */
class Choices {
  readonly made: number[] = [];
  readonly #given: readonly number[];
  readonly #random: Random | undefined;

  constructor(given: readonly number[], random: Random | undefined) {
    this.#given = given;
    this.#random = random;
  }

  next(limit: number): number {
    const given = this.#given[this.made.length];
    const choice = given === undefined ? (this.#random?.below(limit) ?? 0) : Math.min(given, limit - 1);
    this.made.push(choice);
    return choice;
  }

  /** Returns the choices without the zeros at the end, because a choice that is not given is 0. */
  trimmed(): number[] {
    const end = this.made.findLastIndex((choice) => choice !== 0);
    return this.made.slice(0, end + 1);
  }
}

/**
 * How many bytes may move at a turn, with the simplest choice first. Most of the numbers are close to the
 * length of a frame's header, because code most often fails when a header is split.
 */
const pieces = [Number.POSITIVE_INFINITY, 1, 11, 12, 13, 100];

/** At each turn of the event loop, chooses a pipe that holds bytes, and moves some of these bytes. */
class ScheduledDelivery implements Delivery {
  readonly #waiting: BytePipe[] = [];
  readonly #choices: Choices;
  readonly #onMove: () => void;
  #isScheduled = false;

  constructor(choices: Choices, onMove: () => void) {
    this.#choices = choices;
    this.#onMove = onMove;
  }

  wake(pipe: BytePipe): void {
    this.#waiting.push(pipe);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setRealImmediate(() => {
      this.#isScheduled = false;
      this.#move();
    });
  }

  #move(): void {
    if (this.#waiting.length === 0) return;
    const index = this.#choices.next(this.#waiting.length);
    const limit = pieces[this.#choices.next(pieces.length)];
    const [pipe] = this.#waiting.splice(index, 1);
    this.#onMove();
    pipe?.deliver(limit);
    if (this.#waiting.length > 0) this.#schedule();
  }
}

async function runOnce(
  scenario: (simulation: Simulation) => Promise<void>,
  choices: Choices,
  stuckAfterMs: number,
): Promise<SimulationFailure | undefined> {
  const pairs: { transcript(): string; close(): Promise<unknown> }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let stuck!: (error: Error) => void;
  const stuckPromise = new Promise<never>((_resolve, reject) => {
    stuck = reject;
  });
  const moved = (): void => {
    clearRealTimeout(timer);
    timer = setRealTimeout(() => {
      stuck(
        new Error(`stuck: no byte has moved for ${String(stuckAfterMs)} ms and the scenario has not ended`),
      );
    }, stuckAfterMs);
  };
  const delivery = new ScheduledDelivery(choices, moved);
  const simulation: Simulation = {
    connect: async (plugins, options = {}) => {
      const pair = await connectBy(plugins, { seed: 0, ...options }, delivery);
      pairs.push(pair);
      return pair;
    },
    choose: (limit) => choices.next(limit),
  };
  moved();
  try {
    await Promise.race([scenario(simulation), stuckPromise]);
    return undefined;
  } catch (error) {
    const transcript = pairs.map((pair) => pair.transcript()).join('\n\n');
    return { error, schedule: choices.trimmed(), transcript };
  } finally {
    clearRealTimeout(timer);
    await Promise.all(pairs.map((pair) => pair.close()));
  }
}

/** Tries shorter and simpler schedules. Returns the failure of the simplest schedule that fails. */
async function shrink(
  failure: SimulationFailure,
  attempt: (schedule: readonly number[]) => Promise<SimulationFailure | undefined>,
  budget: number,
): Promise<SimulationFailure> {
  let best = failure;
  let left = budget;
  const isBetter = async (schedule: readonly number[]): Promise<boolean> => {
    if (left-- <= 0) return false;
    const again = await attempt(schedule);
    if (again === undefined || sizeOf(again.schedule) >= sizeOf(best.schedule)) return false;
    best = again;
    return true;
  };
  for (let isProgress = true; isProgress && left > 0;) {
    isProgress = false;
    for (let size = best.schedule.length; size >= 1 && left > 0; size = Math.floor(size / 2)) {
      for (let at = best.schedule.length - size; at >= 0 && left > 0; at -= size) {
        const { schedule } = best;
        const without = [...schedule.slice(0, at), ...schedule.slice(at + size)];
        const zeroed = schedule.map((choice, i) => (i >= at && i < at + size ? 0 : choice));
        if ((await isBetter(without)) || (await isBetter(zeroed))) isProgress = true;
      }
    }
  }
  return best;
}

/**
 * A schedule with fewer choices is simpler. Among schedules of the same length, the one with the smaller sum
 * is simpler.
 */
const sizeOf = (schedule: readonly number[]): number =>
  schedule.length * 1000 + schedule.reduce((sum, choice) => sum + choice, 0);
