/** The outcomes of a check, and the few assertions that checks use. */
import { isDeepStrictEqual } from 'node:util';
import { show } from '../transcript/show.ts';
import { Extension } from '../wire/decode.ts';

/** How one check ended. */
export type ConformanceOutcome =
  | { readonly status: 'passed' }
  | { readonly status: 'failed'; readonly reason: string; readonly details: string }
  | { readonly status: 'does not apply'; readonly reason: string };

/** One check of the suite, bound to the plugin. */
export interface ConformanceCheck {
  /** A rule in plain present tense, with the plugin as its subject. */
  readonly name: string;
  /** The part of the protocol that the rule belongs to. */
  readonly section: string;
  /** Starts the plugin as often as the rule needs, and ends all of its processes. Never rejects. */
  run(): Promise<ConformanceOutcome>;
}

/** Thrown if the plugin broke a rule of the protocol. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
}

/** Thrown if the check needs something that this plugin does not offer, and need not offer. */
export class DoesNotApply extends Error {
  override readonly name = 'DoesNotApply';
}

/** Fails the check unless `holds` is true. The message has the texts `expected` and `came`. */
export function demand(holds: boolean, expected: string, came: string): asserts holds {
  if (!holds) throw new CheckFailure(`expected ${expected}; got ${came}`);
}

export function demandEqual(actual: unknown, expected: unknown, what: string): void {
  demand(isDeepStrictEqual(actual, expected), `${what} to be ${show(expected)}`, show(actual));
}

/**
 * Gives decoded maps a prototype, so that they compare equal to plain objects. The decoder makes maps without
 * a prototype, because a peer chooses the keys.
 */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (
    value === null ||
    typeof value !== 'object' ||
    value instanceof Uint8Array ||
    value instanceof Extension
  )
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
