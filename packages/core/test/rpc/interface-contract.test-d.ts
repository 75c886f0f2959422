/** Tests the types of a contract for an existing interface. */
import { expectTypeOf, test } from 'vitest';
import { checked, declaredError, defineContract, implement, type StandardSchema } from '../../src/index.ts';
import type { CheckedRemote, ContractInterface, Reference, Remote } from '../../src/index.ts';
import { serve } from '../../src/plugin.ts';

declare const text: StandardSchema<string>;
declare const count: StandardSchema<number>;
declare const maybe: StandardSchema<number | undefined>;
declare const textFromNumber: StandardSchema<number, string>;
declare const anything: StandardSchema<unknown, string>;
declare const remote: Remote<Kv>;
declare const untyped: object;

interface Kv {
  get(key: string, options?: { signal?: AbortSignal }): Promise<string>;
  put(key: string, times?: number): Promise<void>;
  watch(prefix: string): AsyncIterable<string>;
}

const kv = defineContract<Kv>()({
  get: { doc: 'Reads.', input: [text], output: text, errors: { NOT_FOUND: text } },
  put: { input: [text, maybe] },
  watch: { input: [text], items: text },
});

test('a checked remote has the signatures of the interface, with the interface’s parameter names', () => {
  const store = checked(kv, remote);
  expectTypeOf(store.get).toEqualTypeOf<Kv['get']>();
  expectTypeOf(store.put).toEqualTypeOf<Kv['put']>();
  expectTypeOf<ContractInterface<typeof kv>>().toEqualTypeOf<Kv>();
});

test('a checked remote has the interface of the contract, whatever the interface of the remote', () => {
  const contract = defineContract({ get: { input: [text], output: text } });
  type Calls = ContractInterface<typeof contract>;
  interface Other {
    get(key: string | number): Promise<string>;
  }
  interface Sub extends Calls {
    put(key: string): Promise<void>;
  }
  interface Same extends Calls {}
  expectTypeOf(checked(contract, {} as Remote<Other>).get).toEqualTypeOf<Calls['get']>();
  expectTypeOf(checked(contract, {} as Remote<Sub>)).toEqualTypeOf<CheckedRemote<Calls>>();
  expectTypeOf(checked(contract, {} as Remote<Same>)).toEqualTypeOf<CheckedRemote<Same>>();
  expectTypeOf(checked(contract, untyped)).toEqualTypeOf<CheckedRemote<Calls>>();
  expectTypeOf(checked(contract, {} as never)).toEqualTypeOf<CheckedRemote<Calls>>();
  expectTypeOf(checked<typeof contract>(contract, remote)).toEqualTypeOf<CheckedRemote<Calls>>();
  expectTypeOf(checked(kv, remote)).toEqualTypeOf<Remote<Kv>>();
  expectTypeOf(checked(kv, {} as Remote<Sub>)).toEqualTypeOf<Remote<Kv>>();
});

test('a checked remote of an interface has the types of a remote', () => {
  interface Cursor {
    next(): number;
  }
  class Hidden {
    #n = 1;
    size(): number {
      return this.#n;
    }
  }
  interface Db {
    open(path: string): Promise<Reference<Cursor>>;
    keep(): Promise<(x: number) => boolean>;
    hidden(): Promise<Hidden>;
  }
  const some = {} as StandardSchema<ReturnType<typeof JSON.parse>>;
  const db = checked(
    defineContract<Db>()({
      open: { input: [text], output: some },
      keep: { output: some },
      hidden: { output: some },
    }),
    untyped,
  );
  expectTypeOf(db).toEqualTypeOf<Remote<Db>>();
  const cursor = {} as Awaited<ReturnType<typeof db.open>>;
  expectTypeOf(cursor.next()).toEqualTypeOf<Promise<number>>();
  void (() => cursor[Symbol.dispose]());
  const keep = {} as Awaited<ReturnType<typeof db.keep>>;
  expectTypeOf(keep(1)).toEqualTypeOf<Promise<boolean>>();
  // @ts-expect-error -- an instance of the class is not copied
  void (() => db.hidden());
});

test('implement() gives handlers the types of the interface, and returns an implementation of it', () => {
  const implementation = () =>
    implement(kv, {
      get(key, options) {
        expectTypeOf(key).toEqualTypeOf<string>();
        expectTypeOf(options).toEqualTypeOf<{ signal?: AbortSignal } | undefined>();
        if (key === '') throw declaredError(kv, 'NOT_FOUND', key);
        return key;
      },
      put: async () => {},
      async *watch(prefix) {
        yield prefix;
      },
    });
  void serve<{ kv: Kv }>({ plugins: { kv: implementation } });
});

test('defineContract() refuses schemas that do not fit the interface', () => {
  defineContract<Kv>()({
    // @ts-expect-error -- a parameter has another type
    get: { input: [count] },
    // @ts-expect-error -- a parameter has no schema
    put: { input: [text] },
    // @ts-expect-error -- the method's result is a stream
    watch: { output: text },
  });
  defineContract<Kv>()({
    // @ts-expect-error -- the schema makes a text, but takes a number
    get: { input: [textFromNumber] },
    put: { input: [anything, maybe] },
    // @ts-expect-error -- the method's items are texts
    watch: { items: textFromNumber },
  });
  // @ts-expect-error -- a method is missing
  defineContract<Kv>()({ get: {}, put: {} });
  // @ts-expect-error -- a method that the interface does not have
  defineContract<Kv>()({ get: {}, put: {}, watch: {}, other: {} });
  // @ts-expect-error -- the interface must declare a promise as the result
  defineContract<{ size(): number }>()({ size: { output: count } });
});

test('a contract may have a method that is optional in its interface, or leave it out', () => {
  interface Cleaned {
    get(key: string): Promise<string>;
    clean?(days: number): Promise<void>;
  }
  const without = defineContract<Cleaned>()({ get: { input: [text], output: text } });
  const having = defineContract<Cleaned>()({ get: {}, clean: { input: [count], errors: { BUSY: text } } });
  const use = (): void => {
    implement(without, { get: (key) => key });
    implement(having, { get: (key) => key, clean: async (days) => void days.toFixed() });
    // @ts-expect-error -- the contract has the method, so there must be a handler
    implement(having, { get: (key: string) => key });
    expectTypeOf(declaredError(having, 'BUSY', 'x').data).toEqualTypeOf<string>();
  };
  expectTypeOf(use).toBeFunction();
  expectTypeOf<ContractInterface<typeof having>>().toEqualTypeOf<Cleaned>();
  // @ts-expect-error -- a parameter has another type
  defineContract<Cleaned>()({ get: {}, clean: { input: [text] } });
});
