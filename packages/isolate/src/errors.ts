/** The errors of this package: a closed table of codes. */

import { printable } from '@pipework/core';

/**
 * The closed table of codes, with a sentence for each. `docs/errors.md` has a heading for each code. The
 * table is frozen.
 */
export const isolateErrorCodes = {
  ISOLATE_UNAVAILABLE: 'This machine has no means of isolation that is as strong as `require` asks.',
  ISOLATE_UNENFORCEABLE:
    'The available means of isolation cannot enforce a permission or a limit that was asked for.',
  ISOLATE_PATH: 'A path in `read` or `write` cannot be granted.',
} as const;
Object.freeze(isolateErrorCodes);

/** A code of {@link isolateErrorCodes}. */
export type IsolateErrorCode = keyof typeof isolateErrorCodes;

/** The brand by which `isPipeworkError()` recognises errors of every pipework package. */
const brand: unique symbol = Symbol.for('pipework.error');

/**
 * The error of a start that was refused, because the requested isolation is not available. `describe()`
 * throws this error. A refused start rejects with a `StartError` that has this error as its `cause`.
 * `permanent` is true, so that a supervisor gives up instead of trying again.
 */
export class IsolateError extends Error {
  /** The error's key in the closed table of the package. */
  readonly code: IsolateErrorCode;
  /** Always true, because another attempt on this machine fails in the same way. */
  readonly permanent: true = true;

  constructor(code: IsolateErrorCode, message: string) {
    super(printable(message));
    this.name = 'IsolateError';
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }
}
