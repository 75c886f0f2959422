/**
 * Makes the error for a value that cannot be sent, with the value's path from the arguments or the result.
 */
import { PipeworkError } from '../../base/errors.ts';

interface Step {
  readonly holder: object;
  readonly key: string;
}

/**
 * The walk throws this error for a value that cannot be sent. Each level that the error passes adds its step
 * to the path.
 */
export class Refusal extends Error {
  readonly #reason: string;
  readonly #isTooDeep: boolean;
  readonly #steps: Step[] = [];

  constructor(reason: string, isTooDeep = false) {
    super(reason);
    this.#reason = reason;
    this.#isTooDeep = isTooDeep;
  }

  passed(holder: object, key: number | string | { readonly step: string }): void {
    const step = typeof key === 'number' ? `[${key}]` : typeof key === 'string' ? property(key) : key.step;
    this.#steps.push({ holder, key: step });
  }

  /**
   * Returns the error for the user. `root` is the name of the walked value, for instance `args` or `result`.
   * `copies` is a flat list of pairs. In each pair, a copy is followed by the user's own object or list.
   */
  toError(root: string, copies: readonly object[]): PipeworkError {
    const steps = this.#steps.reverse().map(({ holder, key }) => {
      const at = copies.indexOf(holder);
      return { holder: at < 0 ? holder : copies[at + 1]!, key };
    });
    const cycle = this.#isTooDeep ? firstRepeated(steps) : undefined;
    const way = (cycle === undefined ? steps : steps.slice(0, cycle)).map((step) => step.key).join('');
    if (cycle !== undefined) {
      return new PipeworkError(
        'RPC_NOT_SERIALIZABLE',
        `${root}${way} contains itself: a cycle cannot travel`,
      );
    }
    if (this.#isTooDeep) return new PipeworkError('RPC_TOO_DEEP', `${shorten(root + way)} ${this.#reason}`);
    return new PipeworkError('RPC_NOT_SERIALIZABLE', `${root}${way} ${this.#reason}`);
  }
}

function property(key: string): string {
  // \p{ID_Start} is not used here, because V8 would collect Unicode's tables when it parses this file. This
  // would add 0.4 ms to the start of every plugin.
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
