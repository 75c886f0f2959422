export interface Verdict {
  readonly pass: boolean;
  readonly tookMs: number;
  readonly message: () => string;
}

/**
 * Measures whether `awaited` happens in time. `awaited` is a promise, or a condition that is checked
 * repeatedly. If the promise rejects, this function rejects with the same reason.
 */
export function happensWithin(
  awaited: PromiseLike<unknown> | (() => boolean | Promise<boolean>),
  ms: number,
): Promise<Verdict>;
