/** How a check ends when it does not simply pass, and the few assertions that the checks are written in. */
import { isDeepStrictEqual } from 'node:util';
import { show } from '../transcript/show.ts';

/** The plugin did not do what the protocol asks. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
}

/** The check asks for something that this plugin does not offer, and need not. */
export class DoesNotApply extends Error {
  override readonly name = 'DoesNotApply';
}

/** Fails with what was expected and what came. */
export function demand(holds: boolean, expected: string, came: string): asserts holds {
  if (!holds) throw new CheckFailure(`expected ${expected}; came ${came}`);
}

export function demandEqual(actual: unknown, expected: unknown, what: string): void {
  demand(isDeepStrictEqual(actual, expected), `${what} to be ${show(expected)}`, show(actual));
}
