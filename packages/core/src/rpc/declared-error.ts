/** Errors that a contract declares: thrown on one side, told apart by type on the other. */
import type { Contract, ContractErrors } from './contract.ts';
import { PipeworkError } from '../errors.ts';

/** An error that a contract declares. Tell it apart with {@link isDeclaredError}, which knows it from any copy of the package. */
export class DeclaredError<C extends string = string, D = unknown> extends Error {
  readonly code: C;
  readonly data: D;

  constructor(code: C, data: D, message: string) {
    super(message);
    this.name = 'DeclaredError';
    this.code = code;
    this.data = data;
  }
}

/** Makes an error that the contract declares, for a handler to throw. Throws `CONFIG_INVALID` for a code it doesn't declare. */
export function declaredError<T extends Contract<unknown>, C extends keyof ContractErrors<T> & string>(
  contract: T,
  code: C,
  data: ContractErrors<T>[C],
  message: string = code,
): DeclaredError<C, ContractErrors<T>[C]> {
  if (!declares(contract, code)) {
    throw new PipeworkError('CONFIG_INVALID', `The contract declares no error ${code}.`);
  }
  return new DeclaredError(code, data, message);
}

/** Whether what a call rejected with is the contract's error with this code: its `data` has the declared type then. */
export function isDeclaredError<T extends Contract<unknown>, C extends keyof ContractErrors<T> & string>(
  contract: T,
  error: unknown,
  code: C,
): error is DeclaredError<C, ContractErrors<T>[C]> {
  return (
    error instanceof Error &&
    error.name === 'DeclaredError' &&
    (error as Partial<DeclaredError>).code === code &&
    declares(contract, code)
  );
}

function declares(contract: Contract<unknown>, code: string): boolean {
  return Object.values(contract.methods).some(
    ({ errors }) => errors !== undefined && Object.hasOwn(errors, code),
  );
}
