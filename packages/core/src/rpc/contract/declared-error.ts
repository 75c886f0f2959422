/**
 * Errors that a contract declares. One side throws these errors, and the other side distinguishes them by
 * their codes.
 */
import { PipeworkError } from '../../base/errors.ts';
import { isError } from '../../base/realm.ts';
import type { Contract, ContractErrors, ContractRaises } from './contract.ts';
import type { StandardSchema } from './standard-schema.ts';

/**
 * An error that a contract declares. Recognise it with {@link isDeclaredError}, which accepts errors of any
 * copy of the package.
 */
export class DeclaredError<C extends string = string, D = unknown> extends Error {
  /** The code under which the contract declares the error. */
  readonly code: C;
  /**
   * The data of the error. `implement()` and `checked()` check it against the contract's schema for `code`.
   */
  readonly data: D;

  constructor(code: C, data: D, message: string) {
    super(message);
    this.name = 'DeclaredError';
    this.code = code;
    this.data = data;
  }
}

/** The schema that has checked the data of an error. `isDeclaredError()` does not run this schema again. */
const checkedBy = new WeakMap<Error, StandardSchema>();

/**
 * Sets the data of a declared error to `data`, which `schema` has returned. Returns false if the error cannot
 * be changed.
 */
export function takeCheckedData(error: Error, schema: StandardSchema, data: unknown): boolean {
  const taken = Reflect.defineProperty(error, 'data', { value: data });
  if (taken) checkedBy.set(error, schema);
  return taken;
}

/**
 * Makes an error that the contract declares, for a handler to throw. The data is checked when the error
 * passes `implement()`. Throws `CONFIG_INVALID` for a code that the contract does not declare.
 *
 * @example
 * ```ts
 * import { declaredError, defineContract, implement, type StandardSchema } from '@pipework/core/plugin';
 *
 * declare const text: StandardSchema<string>; // For instance z.string().
 * const store = defineContract({ read: { input: [text], output: text, errors: { NOT_FOUND: text } } });
 *
 * export const implementation = implement(store, {
 *   read(key): string {
 *     throw declaredError(store, 'NOT_FOUND', key);
 *   },
 * });
 * ```
 */
export function declaredError<T extends Contract<unknown>, C extends keyof ContractRaises<T> & string>(
  contract: T,
  code: C,
  data: ContractRaises<T>[C],
  message: string = code,
): DeclaredError<C, ContractRaises<T>[C]> {
  if (schemasOf(contract, code).length === 0) {
    throw new PipeworkError('CONFIG_INVALID', `the contract declares no error ${code}`);
  }
  return new DeclaredError(code, data, message);
}

/**
 * Returns true if `error` is a declared error with this code, and its `data` fits the contract. If
 * `checked()` has not checked the data, the schema runs here. If the schema is asynchronous, it cannot run
 * here, and the result is false.
 *
 * @example
 * ```ts
 * import { defineContract, isDeclaredError, type Remote, type StandardSchema } from '@pipework/core';
 *
 * declare const text: StandardSchema<string>; // For instance z.string().
 * const store = defineContract({ read: { input: [text], output: text, errors: { NOT_FOUND: text } } });
 *
 * declare const remote: Remote<{ read(key: string): Promise<string> }>;
 * try {
 *   await remote.read('a');
 * } catch (error) {
 *   if (!isDeclaredError(store, error, 'NOT_FOUND')) throw error;
 *   console.log('there is no', error.data);
 * }
 * ```
 */
export function isDeclaredError<T extends Contract<unknown>, C extends keyof ContractErrors<T> & string>(
  contract: T,
  error: unknown,
  code: C,
): error is DeclaredError<C, ContractErrors<T>[C]> {
  if (!isError(error) || error.name !== 'DeclaredError') return false;
  const { code: came, data } = error as Partial<DeclaredError>;
  if (came !== code) return false;
  const schemas = schemasOf(contract, code);
  const known = checkedBy.get(error);
  if (known !== undefined && schemas.includes(known)) return true;
  return schemas.some((schema) => fits(error, schema, data));
}

function fits(error: Error, schema: StandardSchema, data: unknown): boolean {
  try {
    const result = schema['~standard'].validate(data);
    if ('then' in result) {
      result.catch(() => {}); // The result of an asynchronous schema cannot be awaited here.
      return false;
    }
    return result.issues === undefined && takeCheckedData(error, schema, result.value);
  } catch {
    return false; // The caller has an error already, and an error of the validator would hide it.
  }
}

/** The schemas of all methods that declare the code. */
function schemasOf(contract: Contract<unknown>, code: string): StandardSchema[] {
  return Object.values(contract.methods).flatMap(({ errors }) =>
    errors !== undefined && Object.hasOwn(errors, code) ? (errors[code] ?? []) : [],
  );
}
