/** Wraps a plugin's handlers or a host's remote, so that a contract's schemas check each call. */
import { PipeworkError, type ErrorCode } from '../../base/errors.ts';
import { isError } from '../../base/realm.ts';
import { currentContext, enterContext, leaveContext } from '../api/call-context.ts';
import { takesCallOptions, withCallOptions } from '../calls/dispensed-remote.ts';
import { CheckedItems } from './checked-items.ts';
import { callResult } from '../remote/call-result.ts';
import type { CheckedBy, Contract, ContractHandlers, ContractInterface, MethodSchemas } from './contract.ts';
import { describeBy } from '../api/description.ts';
import { describeContract } from './describe-contract.ts';
import { takeCheckedData, type DeclaredError } from './declared-error.ts';
import { describeIssues, type StandardSchema } from './standard-schema.ts';

type Method = (...args: unknown[]) => unknown;

/**
 * Returns an implementation to serve. Each call's arguments are checked before its handler runs
 * (`RPC_INVALID_INPUT`). The handler's result and items are checked too (`RPC_INVALID_OUTPUT`). Handlers and
 * callers get the values that the schemas return. When the implementation is disposed of, the
 * `[Symbol.asyncDispose]()` or `[Symbol.dispose]()` of `handlers` is called. Throws `CONFIG_INVALID` for a
 * method without a handler.
 *
 * @example
 * ```ts
 * import { defineContract, implement, serve, type StandardSchema } from '@pipework/core/plugin';
 *
 * declare const text: StandardSchema<string>; // For instance z.string().
 * const greeter = defineContract({ greet: { input: [text], output: text } });
 *
 * await serve({ plugins: { greeter: () => implement(greeter, { greet: (name) => `Hello, ${name}!` }) } });
 * ```
 */
export function implement<C extends Contract<unknown>>(
  contract: C,
  handlers: ContractHandlers<C> & Partial<AsyncDisposable & Disposable>,
): ContractInterface<C> {
  requireObject('handlers', handlers);
  const served: Record<PropertyKey, Method> = {};
  for (const [name, schemas] of methodsOf(contract)) {
    const handle = methodOf(handlers, name);
    if (handle === undefined) {
      const got = typeof (handlers as Record<string, unknown>)[name];
      throw new PipeworkError(
        'CONFIG_INVALID',
        `the handler of the contract's method ${name} must be a function; got ${got}`,
      );
    }
    served[name] =
      schemas.items === undefined ? checkCall(name, schemas, handle) : checkStream(name, schemas, handle);
  }
  for (const symbol of [Symbol.asyncDispose, Symbol.dispose]) {
    const letGo = methodOf(handlers, symbol);
    if (letGo !== undefined) served[symbol] = letGo;
  }
  describeBy(served, () => describeContract(contract));
  return served as ContractInterface<C>;
}

/**
 * Returns a remote whose results and items are checked when they arrive. Use `checked()` for a plugin that is
 * not trusted to keep the contract. If a result does not fit its schema, the call rejects with
 * `RPC_INVALID_OUTPUT`. `withCallOptions` accepts the returned object too. Disposing of the object disposes
 * of the remote.
 *
 * @example
 * ```ts
 * import { checked, Client, defineContract, type StandardSchema } from '@pipework/core';
 *
 * declare const text: StandardSchema<string>; // For instance z.string().
 * const greeter = defineContract({ greet: { input: [text], output: text } });
 *
 * await using client = new Client<{ greeter: object }>({ cmd: [process.execPath, 'plugin.js'] });
 * const rpc = await client.client();
 * const remote = checked(greeter, await rpc.dispense('greeter'));
 * console.log(await remote.greet('world'));
 * ```
 */
export function checked<C extends Contract<unknown>, R extends object = object>(
  contract: C,
  remote: R,
): CheckedBy<C, R> {
  requireObject('remote', remote);
  const methods: Record<PropertyKey, Method> = {};
  for (const [name, schemas] of methodsOf(contract)) {
    const { items, output } = schemas;
    const call: Method = (...args) => (remote as Record<string, Method>)[name]?.(...args);
    if (items !== undefined) {
      methods[name] = (...args) => checkItems(name, schemas, call(...args) as object);
      continue;
    }
    methods[name] = async (...args) => {
      const result = await declared(name, schemas, async () => call(...args));
      return check(output, result, name, 'result', 'RPC_INVALID_OUTPUT');
    };
  }
  methods[Symbol.dispose] = () => (remote as Partial<Disposable>)[Symbol.dispose]?.();
  takesCallOptions(methods, (options) => checked(contract, withCallOptions(remote, options)));
  return methods as object as CheckedBy<C, R>;
}

function checkCall(name: string, schemas: MethodSchemas, handle: Method): Method {
  return async (...args) => {
    const result = await runChecked(name, schemas, handle, args);
    return check(schemas.output, result, name, 'result', 'RPC_INVALID_OUTPUT');
  };
}

/**
 * Returns a method that returns a promise of a stream. The promise can be iterated too, because the contract
 * declares an async iterable. Code in the method's own process may iterate it directly.
 */
function checkStream(name: string, schemas: MethodSchemas, handle: Method): Method {
  return (...args) => callResult(openStream(name, schemas, handle, args));
}

async function openStream(
  name: string,
  schemas: MethodSchemas,
  handle: Method,
  args: unknown[],
): Promise<CheckedItems> {
  const stream = await runChecked(name, schemas, handle, args);
  if (typeof stream === 'object' && stream !== null) {
    if (Symbol.asyncIterator in stream || Symbol.iterator in stream) return checkItems(name, schemas, stream);
  }
  throw new PipeworkError(
    'RPC_INVALID_OUTPUT',
    `${name}: result: the contract says a stream, so an async iterable was expected; got ${describeKind(stream)}`,
  );
}

/**
 * Checks the arguments, then runs the handler. Although this check is asynchronous, the handler can read the
 * context of its call until its first `await`.
 */
async function runChecked(
  name: string,
  schemas: MethodSchemas,
  handle: Method,
  args: unknown[],
): Promise<unknown> {
  const context = currentContext();
  const input = await checkInput(name, schemas, args);
  return declared(name, schemas, async () => {
    const outer = enterContext(context);
    try {
      return handle(...input);
    } finally {
      leaveContext(outer);
    }
  });
}

/**
 * Calls `run`. If `run` rejects with a declared error, checks the error's data. Other errors are thrown again
 * unchanged.
 */
async function declared(
  name: string,
  { errors }: MethodSchemas,
  run: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    throw await checkError(name, errors ?? {}, error);
  }
}

async function checkError(
  name: string,
  errors: Readonly<Record<string, StandardSchema>>,
  error: unknown,
): Promise<unknown> {
  if (!isError(error) || error.name !== 'DeclaredError') return error;
  const { code, data } = error as Partial<DeclaredError>;
  const schema = code !== undefined && Object.hasOwn(errors, code) ? errors[code] : undefined;
  if (schema === undefined) {
    const message = `${name} failed with ${String(code)}, which the contract does not declare for it: ${error.message}`;
    return new PipeworkError('RPC_INVALID_OUTPUT', message, { cause: error });
  }
  const checkedData = await check(schema, data, name, `the data of ${code}`, 'RPC_INVALID_OUTPUT');
  takeCheckedData(error, schema, checkedData);
  return error;
}

async function checkInput(name: string, { input }: MethodSchemas, args: unknown[]): Promise<unknown[]> {
  if (input === undefined) return args;
  const extra = args.slice(input.length);
  if (extra.length > 1 || (extra.length === 1 && !isOptions(extra[0]))) {
    throw new PipeworkError(
      'RPC_INVALID_INPUT',
      `${name} takes ${input.length} arguments, and an options object after them; got ${args.length}`,
    );
  }
  const taken: unknown[] = [];
  for (const [index, schema] of input.entries()) {
    taken.push(await check(schema, args[index], name, `args[${index}]`, 'RPC_INVALID_INPUT'));
  }
  return [...taken, ...extra];
}

function isOptions(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null);
}

function checkItems(name: string, schemas: MethodSchemas, stream: object): CheckedItems {
  return new CheckedItems(stream, {
    item: (item) => check(schemas.items, item, name, 'item', 'RPC_INVALID_OUTPUT'),
    error: (error) => checkError(name, schemas.errors ?? {}, error),
  });
}

async function check(
  schema: StandardSchema | undefined,
  value: unknown,
  name: string,
  root: string,
  code: ErrorCode,
): Promise<unknown> {
  if (schema === undefined) return value;
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  throw new PipeworkError(code, `${name}: ${describeIssues(result.issues, root)}`);
}

function methodsOf(contract: Contract<unknown>): [name: string, MethodSchemas][] {
  const methods: unknown = (contract as Partial<Contract<unknown>> | null | undefined)?.methods;
  if (typeof methods === 'object' && methods !== null) return Object.entries(contract.methods);
  throw new PipeworkError(
    'CONFIG_INVALID',
    `contract must be a contract from defineContract(); got ${describeKind(contract)}`,
  );
}

/** Returns the function of this name, bound to its object. */
function methodOf(object: object, name: string | symbol): Method | undefined {
  const method: unknown = Reflect.get(object, name);
  return typeof method === 'function' ? (...args) => Reflect.apply(method, object, args) : undefined;
}

function requireObject(name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) return;
  if (typeof value === 'function') return;
  throw new PipeworkError('CONFIG_INVALID', `${name} must be an object; got ${describeKind(value)}`);
}

function describeKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'another object' : `a ${typeof value}`;
}
