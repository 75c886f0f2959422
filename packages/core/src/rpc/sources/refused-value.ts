/** The refusal of `next(value)` by streams whose source cannot use the value. */
import { PipeworkError } from '../../base/errors.ts';

/** Makes the error with which `next(value)` rejects. The stream goes on after this error. */
export function valueRefused(): PipeworkError {
  return new PipeworkError(
    'MISUSE',
    'next() of a stream from another process takes no value: its source runs ahead. Send values by a function or a stream among the arguments',
  );
}
