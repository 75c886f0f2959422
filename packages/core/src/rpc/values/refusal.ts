/** Names a value that cannot be sent, by its path from the arguments or the result. */
import { PipeworkError } from '../../base/errors.ts';

interface Step {
  readonly holder: object;
  readonly key: string;
}

/** The walk throws this error, and adds the path to the offending value while it unwinds. */
export class Refusal extends Error {
  readonly #reason: string;
  readonly #tooDeep: boolean;
  readonly #steps: Step[] = [];

  constructor(reason: string, tooDeep = false) {
    super(reason);
    this.#reason = reason;
    this.#tooDeep = tooDeep;
  }

  passed(holder: object, key: number | string | { readonly step: string }): void {
    const step = typeof key === 'number' ? `[${key}]` : typeof key === 'string' ? property(key) : key.step;
    this.#steps.push({ holder, key: step });
  }

  /**
   * Returns the error for the user. `root` is what the walk began with: `args`, `result`. `copies` has pairs
   * in one flat list: a copy, then the object that it is a copy of.
   */
  toError(root: string, copies: readonly object[]): PipeworkError {
    const steps = this.#steps.reverse().map(({ holder, key }) => {
      const at = copies.indexOf(holder);
      return { holder: at < 0 ? holder : copies[at + 1]!, key };
    });
    const cycle = this.#tooDeep ? firstRepeated(steps) : undefined;
    const way = (cycle === undefined ? steps : steps.slice(0, cycle)).map((step) => step.key).join('');
    if (cycle !== undefined) {
      return new PipeworkError(
        'RPC_NOT_SERIALIZABLE',
        `${root}${way} contains itself: a cycle cannot travel`,
      );
    }
    if (this.#tooDeep) return new PipeworkError('RPC_TOO_DEEP', `${shorten(root + way)} ${this.#reason}`);
    return new PipeworkError('RPC_NOT_SERIALIZABLE', `${root}${way} ${this.#reason}`);
  }
}

function property(key: string): string {
  // This does not use \p{ID_Start}, because V8 would then collect Unicode's tables when it parses this file.
  // That takes 0.4 ms of every plugin's start.
  return /^[a-z_$][\w$]*$/i.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function firstRepeated(steps: readonly Step[]): number | undefined {
  const seen = new Set<object>();
  for (const [index, { holder }] of steps.entries()) {
    if (seen.has(holder)) return index;
    seen.add(holder);
  }
  return undefined;
}

function shorten(way: string): string {
  return way.length > 120 ? `${way.slice(0, 100)}...` : way;
}
