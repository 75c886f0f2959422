/**
 * Makes a test double from an interface. A test serves the double in place of a plugin or a host's service,
 * or passes it to code that expects a remote.
 */
import { createRemote, PipeworkError } from '@pipework/core';
import { crashable, type Crashable, type CrashReport } from './memory/memory-process.ts';
import { show } from './transcript/show.ts';

/** One call that a fake received. */
export interface FakeCall {
  /** The name of the method. */
  readonly method: string;
  /** The arguments as they arrived. */
  readonly args: readonly unknown[];
  /** How the call ended. `unhandled` means that the method has no handler. */
  outcome: 'running' | 'returned' | 'threw' | 'hung' | 'crashed' | 'unhandled';
}

/**
 * The arguments of a method, as its callers give them. For an overloaded method, these are the arguments of
 * its last signature.
 */
export type FakeArguments<F> =
  NonNullable<F> extends (...args: infer A) => unknown ? Readonly<A> : readonly unknown[];

/**
 * The members of a fake in addition to the methods of its interface. The other side cannot call these
 * members.
 */
export interface FakeControls<T> {
  /** Every call so far, in the order in which the calls began. */
  readonly calls: readonly FakeCall[];
  /** The arguments of each call of `method` so far. */
  callsTo<M extends keyof T & string>(method: M): FakeArguments<T[M]>[];
  /** Lets `methods` handle calls from now on. These handlers replace earlier handlers of the same names. */
  use(methods: Partial<T>): void;
  /** Lets calls of `method` hang from now on. These calls continue when the returned function is called. */
  hang(method: keyof T & string): () => void;
  /**
   * Crashes the process of the plugin that serves the fake, immediately or at the next call of the method
   * `on`. At the crash, all hanging calls reject. If no plugin serves the fake, these rejections are the only
   * effect.
   */
  crash(report?: CrashReport & { readonly on?: keyof T & string }): void;
  /**
   * Forgets all calls, and undoes every `use`, `hang` and `crash`. The fake then has the methods that it was
   * made with.
   */
  reset(): void;
  /** Throws if a call had no handler, even if the code under test ignored the failure of that call. */
  assertNoUnhandled(): void;
}

/**
 * A double of `T`. Like a remote, a fake has every method of `T`, also those that are optional in `T`, and it
 * is disposable. So if the methods of `T` are asynchronous, the fake fits the type `Remote<T>`.
 */
export type Fake<T> = T & Required<T> & FakeControls<T> & Disposable;

/** The error of a call that has no handler. */
export class UnhandledCallError extends Error {
  /** The name that distinguishes this error from others. */
  override readonly name = 'UnhandledCallError';
  /** The code is the same in every release. The caller receives this code too. */
  readonly code = 'UNHANDLED_CALL';
}

type Method = (...args: unknown[]) => unknown;

/**
 * A fake treats a name as a method only if this remote has a property of that name. Test tools also read
 * names that are not methods, such as `toJSON`.
 */
const anyRemote: object = createRemote(async () => {});

/**
 * Makes a double of `T`. Each function in `methods` handles the calls of the method with its name. A call of
 * any other method fails with an `UnhandledCallError` that names the method. Methods may be `vi.fn()`s, and
 * `vi.spyOn(fake, 'method')` can spy on them.
 *
 * @example
 * ```ts
 * import { fakePlugin } from '@pipework/testkit';
 *
 * const greeter = fakePlugin<{ greet(name: string): Promise<string> }>({ greet: async (name) => `Hello, ${name}!` });
 * ```
 */
export function fakePlugin<T extends object>(methods: Partial<T> = {}): Fake<T> {
  return new FakeState<T>(methods).fake;
}

/** A `hang()` that has not been ended yet. */
interface Hang {
  readonly method: string;
  /** Resolves when the hang ends. Rejects if the fake crashes before that. */
  readonly done: Promise<void>;
  letGo(): void;
  fail(error: Error): void;
}

class FakeState<T extends object> {
  readonly fake: Fake<T>;
  readonly #first: Partial<T>;
  /** The methods that handle calls now. `vi.spyOn` replaces these methods too. */
  readonly #methods: Record<string, unknown> = {};
  readonly #calls: FakeCall[] = [];
  readonly #hangs: Set<Hang> = new Set();
  readonly #crashing: Map<string, CrashReport> = new Map();
  readonly #processes: Set<Crashable> = new Set();
  readonly #recorders: WeakMap<Method, Method> = new WeakMap();
  /**
   * The method whose handler runs now. If the handler is a spy, the spy calls the method that it replaced.
   * That inner call is part of the same call, so it is not recorded.
   */
  #passing: string | undefined;

  constructor(methods: Partial<T>) {
    this.#first = methods;
    Object.assign(this.#methods, methods);
    const controls: FakeControls<T> = {
      calls: this.#calls,
      callsTo: <M extends keyof T & string>(method: M) =>
        this.#calls.filter((call) => call.method === method).map(({ args }) => args as FakeArguments<T[M]>),
      use: (more) => {
        Object.assign(this.#methods, more);
      },
      hang: (method) => this.#hang(method),
      crash: (report) => {
        this.#crash(report);
      },
      reset: () => {
        this.#reset();
      },
      assertNoUnhandled: () => {
        this.#assertNoUnhandled();
      },
    };
    this.fake = this.#proxy(controls);
    crashable.set(this.fake, (process) => {
      this.#processes.add(process);
      void process.exited.then(() => this.#processes.delete(process));
    });
  }

  #proxy(controls: FakeControls<T>): Fake<T> {
    const isControl = (name: string): boolean =>
      Object.hasOwn(controls, name) && !Object.hasOwn(this.#methods, name);
    const isMethod = (key: string | symbol): key is string =>
      typeof key === 'string' && key in anyRemote && !isControl(key);
    return new Proxy(this.#methods, {
      get: (target, key, receiver) => {
        if (isMethod(key)) return this.#method(key);
        if (typeof key === 'string' && isControl(key)) return controls[key as keyof FakeControls<T>];
        if (key === Symbol.dispose && !(key in target)) return () => {}; // A fake holds nothing.
        return Reflect.get(target, key, receiver) as unknown;
      },
      // `serve` finds an object's methods among its own properties. So each method that may be called must
      // appear as an own property.
      getOwnPropertyDescriptor: (target, key) =>
        isMethod(key)
          ? {
              value: this.#method(key),
              writable: true,
              enumerable: Object.hasOwn(target, key),
              configurable: true,
            }
          : Reflect.getOwnPropertyDescriptor(target, key),
    }) as Fake<T>;
  }

  /**
   * Returns the method `name` as callers see it, in a wrapper that records its calls. If the value of `name`
   * is not a function, returns the value unchanged.
   */
  #method(name: string): unknown {
    const own = this.#methods[name];
    if (own !== undefined && typeof own !== 'function') return own;
    const target = (own as Method | undefined) ?? this.#unhandled(name);
    let recorder = this.#recorders.get(target);
    if (recorder === undefined) {
      // The recorder is a proxy of `target`. If `target` is a mock, test tools therefore recognise the
      // recorder as a mock.
      recorder = new Proxy(target, {
        apply: (method, self: unknown, args: unknown[]) => this.#call(name, method, self, args),
      });
      this.#recorders.set(target, recorder);
    }
    return recorder;
  }

  readonly #missing: Map<string, Method> = new Map();

  #unhandled(name: string): Method {
    let missing = this.#missing.get(name);
    if (missing === undefined) {
      missing = (...args: unknown[]) => {
        throw new UnhandledCallError(this.#describeUnhandled(name, args));
      };
      this.#missing.set(name, missing);
    }
    return missing;
  }

  #describeUnhandled(name: string, args: readonly unknown[]): string {
    const handled = Object.keys(this.#methods);
    return (
      `fakePlugin: ${name}(${args.map(show).join(', ')}) was called, and it has no handler. ` +
      `Handled: ${handled.length === 0 ? 'nothing' : handled.join(', ')}. ` +
      `Give it a handler in fakePlugin({ ${name} }) or in fake.use({ ${name} })`
    );
  }

  #call(name: string, method: Method, self: unknown, args: unknown[]): unknown {
    if (this.#passing === name) return Reflect.apply(method, self, args);
    const call: FakeCall = { method: name, args: [...args], outcome: 'running' };
    this.#calls.push(call);
    const crash = this.#crashing.get(name);
    if (crash !== undefined) {
      call.outcome = 'crashed';
      this.#crash(crash);
      return Promise.reject(gone(name));
    }
    const hangs = [...this.#hangs].filter((hang) => hang.method === name);
    if (hangs.length > 0) {
      call.outcome = 'hung';
      return Promise.all(hangs.map(({ done }) => done)).then(() => this.#run(call, method, self, args));
    }
    return this.#run(call, method, self, args);
  }

  #run(call: FakeCall, method: Method, self: unknown, args: unknown[]): unknown {
    const before = this.#passing;
    this.#passing = call.method;
    try {
      const result = Reflect.apply(method, self, args);
      call.outcome = 'returned';
      if (result instanceof Promise) {
        call.outcome = 'running';
        // The two callbacks only update the record. The caller has `result`, and handles a rejection.
        result.then(
          () => (call.outcome = 'returned'),
          () => (call.outcome = 'threw'),
        );
      }
      return result;
    } catch (error) {
      call.outcome = error instanceof UnhandledCallError ? 'unhandled' : 'threw';
      throw error;
    } finally {
      this.#passing = before;
    }
  }

  #hang(method: string): () => void {
    let letGo!: () => void;
    let fail!: (error: Error) => void;
    const done = new Promise<void>((resolve, reject) => {
      letGo = resolve;
      fail = reject;
    });
    // A hang that no call awaits must not cause an unhandled rejection.
    done.catch(() => undefined);
    const hang: Hang = { method, done, letGo, fail };
    this.#hangs.add(hang);
    return () => {
      this.#hangs.delete(hang);
      letGo();
    };
  }

  #crash({ on, ...report }: CrashReport & { on?: string } = {}): void {
    if (on !== undefined) {
      this.#crashing.set(on, report);
      return;
    }
    for (const process of this.#processes) process.crash(report);
    for (const { method, fail } of this.#hangs) fail(gone(method));
    this.#hangs.clear();
  }

  #reset(): void {
    this.#calls.length = 0;
    this.#crashing.clear();
    for (const { letGo } of this.#hangs) letGo();
    this.#hangs.clear();
    for (const name of Object.keys(this.#methods)) delete this.#methods[name];
    Object.assign(this.#methods, this.#first);
  }

  #assertNoUnhandled(): void {
    const unhandled = this.#calls.filter(({ outcome }) => outcome === 'unhandled');
    const [first] = unhandled;
    if (first === undefined) return;
    const more = unhandled.length === 1 ? '' : ` (and ${String(unhandled.length - 1)} more)`;
    throw new UnhandledCallError(this.#describeUnhandled(first.method, first.args) + more);
  }
}

const gone = (method: string): PipeworkError =>
  new PipeworkError('PLUGIN_EXITED', `the fake plugin crashed while ${method} was called`);
