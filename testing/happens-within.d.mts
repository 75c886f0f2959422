export interface Verdict {
  readonly pass: boolean;
  readonly tookMs: number;
  readonly message: () => string;
}

/**
 * Judges when `awaited` happens, which is a promise or a condition that is checked repeatedly. A rejection is
 * passed on.
 */
export function happensWithin(
  awaited: PromiseLike<unknown> | (() => boolean | Promise<boolean>),
  ms: number,
): Promise<Verdict>;
