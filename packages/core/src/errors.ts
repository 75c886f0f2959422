/** Every error of the runtime's own: one table of codes, one class, one brand that two copies of the package share. */

const brand: unique symbol = Symbol.for('pipework.error');

/**
 * The closed table of codes: what each one means, in a sentence. `docs/errors.md` has a heading for each.
 * Codes of the mux (`MUX_*`) are listed by `@pipework/mux`.
 */
export const errorCodes = {
  CONFIG_INVALID: 'An option or argument is not what it must be.',
} as const satisfies Record<string, string>;

/** A code of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;

/** An error that pipework itself raises. Match on `code`: it is stable, the message is for people. */
export class PipeworkError<C extends ErrorCode = ErrorCode> extends Error {
  /** Which entry of the closed table this is. */
  readonly code: C;

  constructor(code: C, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PipeworkError';
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * True for an error of pipework's own, from any copy of any of its packages: two versions in one dependency tree
 * know each other's errors by a shared symbol, where `instanceof` would say no.
 */
export function isPipeworkError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && (error as { [brand]?: unknown })[brand] === true;
}
