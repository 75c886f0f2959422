import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { callContext, keepContextEverywhere, ref, retain, withCallOptions } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

const store = new AsyncLocalStorage<string>();
const here = (): string => store.getStore() ?? 'none';

interface Located {
  where(): Promise<string>;
}

const caller = {
  async callMany(callback: () => Promise<string>, times: number): Promise<string[]> {
    const heard: string[] = [];
    for (let n = 0; n < times; n += 1) heard.push(await callback());
    return heard;
  },
  async useObject(object: { where(): Promise<string> }): Promise<string> {
    return await object.where();
  },
  kept: undefined as ((() => Promise<string>) & Disposable) | undefined,
  keep(callback: () => Promise<string>): void {
    this.kept = retain(callback);
  },
  async callKept(): Promise<string> {
    return await this.kept!();
  },
  isKept(callback: () => Promise<string>): boolean {
    return callback === this.kept;
  },
  keptObject: undefined as (Located & Disposable) | undefined,
  keepObject(object: Located): void {
    this.keptObject = retain(object);
  },
  async useKeptObject(): Promise<string> {
    return await this.keptObject!.where();
  },
  async useObjectTwice(object: Located): Promise<string[]> {
    return [await object.where(), await object.where()];
  },
  drop(): void {
    for (const kept of [this.kept, this.keptObject]) kept?.[Symbol.dispose]();
  },
  async callAfter(callback: () => Promise<string>, before: () => Promise<string>): Promise<string[]> {
    return [await before(), await callback()];
  },
  async callReturned(make: () => Promise<() => Promise<string>>): Promise<string> {
    const callback = await make();
    return await callback();
  },
  hang(options: { signal: AbortSignal }): Promise<never> {
    return new Promise((_, reject) => {
      options.signal.addEventListener('abort', () => reject(options.signal.reason as Error));
    });
  },
};

describe('a callback runs in the async context in which the caller passed it', () => {
  const connect = () => store.run('connect', () => rpcPair({ ...caller }));

  test('in each of many simultaneous calls', async () => {
    const { remote } = await connect();
    const heard = await Promise.all(
      ['a', 'b', 'c'].map((name) => store.run(name, () => remote.callMany(async () => here(), 3))),
    );
    expect(heard).toEqual([
      ['a', 'a', 'a'],
      ['b', 'b', 'b'],
      ['c', 'c', 'c'],
    ]);
  });

  test('even if many simultaneous calls pass the same function', async () => {
    const { remote } = await connect();
    const callback = async (): Promise<string> => here();
    const heard = await Promise.all(
      ['a', 'b', 'c'].map((name) => store.run(name, () => remote.callMany(callback, 3))),
    );
    expect(heard).toEqual([
      ['a', 'a', 'a'],
      ['b', 'b', 'b'],
      ['c', 'c', 'c'],
    ]);
  });

  test('also if it is a method of an object that ref() has marked', async () => {
    const { remote } = await connect();
    const object = ref({ where: async () => here() });
    expect(await store.run('given here', () => remote.useObject(object))).toBe('given here');
  });

  test('even if the peer keeps the callback, and the peer gets the same function when it is passed again', async () => {
    const { remote } = await connect();
    const callback = async (): Promise<string> => here();
    await store.run('kept here', () => remote.keep(callback));
    expect(await store.run('called here', () => remote.callKept())).toBe('kept here');
    expect(await store.run('kept here', () => remote.isKept(callback))).toBe(true);
  });

  test.each(['function', 'object'])(
    'even if the peer keeps the same %s, for the kept one and for simultaneous calls',
    async (kind) => {
      const { remote, host, plugin } = await connect();
      const callback = async (): Promise<string> => here();
      const object = ref({ where: callback });
      const keep = () => (kind === 'function' ? remote.keep(callback) : remote.keepObject(object));
      const callKept = () => (kind === 'function' ? remote.callKept() : remote.useKeptObject());
      const use = () => (kind === 'function' ? remote.callMany(callback, 2) : remote.useObjectTwice(object));
      await store.run('admin', keep);
      const names = ['a', 'b', 'c'];
      const heard = await Promise.all(names.map((name) => store.run(name, use)));
      expect(heard).toEqual(names.map((name) => [name, name]));
      expect(await store.run('other', callKept)).toBe('admin');
      expect(await store.run('admin', use)).toEqual(['admin', 'admin']);
      await remote.drop();
      await expect.poll(() => [host.references, plugin.references]).toEqual([0, 0]);
    },
  );

  test('even if another call returns the same function while the peer has it', async () => {
    const { remote } = await connect();
    const callback = async (): Promise<string> => here();
    const heard = await store.run('a', () =>
      remote.callAfter(callback, () => store.run('b', () => remote.callReturned(async () => callback))),
    );
    expect(heard).toEqual(['b', 'a']);
  });

  test('and is released after its calls', async () => {
    const { remote, host, plugin } = await connect();
    const callback = async (): Promise<string> => here();
    await Promise.all(['a', 'b'].map((name) => store.run(name, () => remote.callMany(callback, 2))));
    expect([host.references, plugin.references]).toEqual([0, 0]);
  });
});

test("a listener of the handler's signal runs in the async context in which the handler read the signal", async () => {
  let heard = '';
  const { remote } = await rpcPair({
    wait: () =>
      store.run('the handler', () => {
        const { signal } = callContext();
        return new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => {
            heard = here();
            reject(signal.reason as Error);
          });
        });
      }),
  });
  const controller = new AbortController();
  const call = withCallOptions(remote, { signal: controller.signal }).wait();
  store.run('the caller', () => controller.abort());
  await expect(call).rejects.toThrow();
  await expect.poll(() => heard).toBe('the handler');
});

/** How a signal can stand among the arguments of a call. */
type Placed = AbortSignal | { signal: AbortSignal } | { deep: { signal: AbortSignal } };
type Watch = (argument: Placed) => Promise<void>;

const places: Record<string, (signal: AbortSignal) => Placed> = {
  'an argument': (signal) => signal,
  'in the options': (signal) => ({ signal }),
  'deep in an argument': (signal) => ({ deep: { signal } }),
};

function signalIn(argument: Placed): AbortSignal {
  if ('deep' in argument) return argument.deep.signal;
  return 'signal' in argument ? argument.signal : argument;
}

/** Resolves when the signal has aborted, with what `read` returns in the signal's listener. */
const whenAborted = <T>(argument: Placed, read: () => T): Promise<T> =>
  new Promise((resolve, reject) => {
    signalIn(argument).addEventListener('abort', () => {
      try {
        resolve(read());
      } catch (error) {
        reject(error);
      }
    });
  });

describe.each(Object.entries(places))('a listener of a signal that is %s', (_, place) => {
  test('of a callback runs in the async context in which the callback was passed', async () => {
    const { remote } = await store.run('connect', () =>
      rpcPair({
        async abortOne(watch: Watch, started: () => Promise<void>): Promise<void> {
          const controller = new AbortController();
          const watching = watch(place(controller.signal)).catch(() => {});
          await started();
          controller.abort();
          await watching;
        },
      }),
    );
    const heard = await Promise.all(
      ['a', 'b'].map(async (name) => {
        let seen!: Promise<string>;
        await store.run(name, () =>
          remote.abortOne(
            async (argument) => {
              seen = whenAborted(argument, here);
              await seen;
            },
            async () => {},
          ),
        );
        return seen;
      }),
    );
    expect(heard).toEqual(['a', 'b']);
  });

  test('of two simultaneous callbacks runs in the context of its own callback', async () => {
    const controller = new AbortController();
    const { remote } = await store.run('connect', () =>
      rpcPair({ watchWith: (watch: Watch) => watch(place(controller.signal)) }),
    );
    const heard: string[] = [];
    const calls = ['a', 'b'].map((name) => {
      let call!: Promise<void>;
      const started = new Promise<void>((start) => {
        call = store.run(name, () =>
          remote.watchWith(async (argument) => {
            const watching = whenAborted(argument, here);
            start();
            heard.push(await watching);
          }),
        );
      });
      return { call, started };
    });
    await Promise.all(calls.map(({ started }) => started));
    controller.abort();
    await Promise.allSettled(calls.map(({ call }) => call));
    await expect.poll(() => heard.toSorted()).toEqual(['a', 'b']);
  });

  test("of a handler finds the handler's call context", async () => {
    keepContextEverywhere();
    let method: Promise<string> | undefined;
    const { remote } = await rpcPair({
      async watch(argument: Placed, started: () => Promise<void>): Promise<string> {
        method = whenAborted(argument, () => callContext().method);
        await started();
        return method;
      },
    });
    const controller = new AbortController();
    await remote.watch(place(controller.signal), async () => controller.abort()).catch(() => {});
    expect(await method).toBe('Plugin.watch');
  });
});

describe("with callContext: 'everywhere', callContext() after an await is the call that is being answered", () => {
  /** Returns true if an `await` does not change the call, and the store of the context. */
  const work = async (): Promise<[isSame: boolean, store: string]> => {
    const before = callContext();
    await new Promise(setImmediate);
    return [callContext() === before, here()];
  };
  type Work = typeof work;
  const connect = () => {
    keepContextEverywhere();
    return rpcPair({
      work: () => store.run('the plugin', work),
      give: () => store.run('the plugin', async () => work),
      giveObject: () => ref({ work }),
      giveStream: () => async () =>
        (async function* () {
          yield await work();
          yield await work();
        })(),
      useService: (service: (callback: Work) => ReturnType<Work>) =>
        store.run('the plugin', () => service(work)),
      makeTwice: async (make: () => Promise<Work>) => [await (await make())(), await (await make())()],
    });
  };
  type Workers = Awaited<ReturnType<typeof connect>>['remote'];

  test.each<[string, (remote: Workers) => Promise<[boolean, string]>, string]>([
    ['a method', (remote) => remote.work(), 'the plugin'],
    ['a function of a result', async (remote) => (await remote.give())(), 'none'],
    ['an object of a result', async (remote) => (await remote.giveObject()).work(), 'none'],
    [
      'a callback that a handler passed to a service',
      (remote) => remote.useService(async (callback) => callback()),
      'the plugin',
    ],
    [
      'a function of a result of a callback',
      async (remote) => (await store.run('the host', () => remote.makeTwice(async () => work)))[1]!,
      'the host',
    ],
  ])('in %s', async (_, use, place) => {
    const { remote } = await connect();
    expect(await use(remote)).toEqual([true, place]);
  });

  test('in a stream that a function of a result returned', async () => {
    const { remote } = await connect();
    const open = await remote.giveStream();
    const items: [boolean, string][] = [];
    for await (const item of await open()) items.push(item);
    expect(items).toEqual([
      [true, 'none'],
      [true, 'none'],
    ]);
  });
});

/** The ways to listen to a signal. */
const ways: Record<string, (signal: AbortSignal, listener: () => void) => void> = {
  'addEventListener()': (signal, listener) => signal.addEventListener('abort', listener),
  onabort: (signal, listener) => (signal.onabort = listener),
  'AbortSignal.any()': (signal, listener) => {
    const joined = AbortSignal.any([signal]);
    joined.addEventListener('abort', () => {
      expect(joined.aborted).toBe(true);
      listener();
    });
  },
};

describe.each(Object.entries(ways))(
  'a listener that is added by %s runs in the async context in which it is added, if the signal came in',
  (_, listen) => {
    const heardBy = (signal: AbortSignal): Promise<string> =>
      new Promise((resolve) => listen(signal, () => resolve(here())));
    const connect = async () => {
      const controller = new AbortController();
      const pair = await store.run('connect', () =>
        rpcPair({
          get: () => [controller.signal],
          async *items() {
            yield { signal: controller.signal };
          },
          async use(make: () => Promise<AbortSignal>, name: string): Promise<string> {
            return store.run(name, async () => heardBy(await make()));
          },
          async useItem(items: AsyncIterable<AbortSignal>, name: string): Promise<string> {
            return store.run(name, async () => {
              for await (const signal of items) return heardBy(signal);
              return 'no item';
            });
          },
        }),
      );
      const abort = (): void => store.run('abort', () => controller.abort());
      return { ...pair, controller, abort };
    };

    test('a result', async () => {
      const { remote, abort } = await connect();
      const [heard] = await store.run('request a', async () => [heardBy((await remote.get())[0]!)]);
      abort();
      expect(await heard).toBe('request a');
    });

    test('an item', async () => {
      const { remote, abort } = await connect();
      const [heard] = await store.run('request a', async () => {
        for await (const { signal } of remote.items()) return [heardBy(signal)];
        return [];
      });
      abort();
      expect(await heard).toBe('request a');
    });

    test('the result of a callback', async () => {
      const { remote, controller, abort } = await connect();
      const heard = remote.use(async () => {
        setImmediate(abort);
        return controller.signal;
      }, 'request a');
      expect(await heard).toBe('request a');
    });

    test('an item of a stream among the arguments', async () => {
      const { remote, controller, abort } = await connect();
      const heard = remote.useItem(
        (async function* () {
          yield controller.signal;
          setImmediate(abort);
        })(),
        'request a',
      );
      expect(await heard).toBe('request a');
    });

    test('a result, even if the connection ends instead', async () => {
      const { remote, hostSession } = await connect();
      const [heard] = await store.run('request a', async () => [heardBy((await remote.get())[0]!)]);
      void hostSession.close();
      expect(await heard).toBe('request a');
    });
  },
);

describe('if two requests get the same signal in their results', () => {
  const connect = async () => {
    const controller = new AbortController();
    const { remote } = await store.run('connect', () => rpcPair({ get: () => [controller.signal] }));
    return { controller, get: async () => (await remote.get())[0]! };
  };

  test('the listeners of each run in its own async context', async () => {
    const { controller, get } = await connect();
    const heard: string[] = [];
    const listener = { handleEvent: () => void heard.push(`object ${here()}`) };
    await store.run('request a', async () => {
      (await get()).addEventListener('abort', (event) => heard.push(`${event.type} ${here()}`));
    });
    await store.run('request b', async () => {
      (await get()).addEventListener('abort', (event) => heard.push(`${event.type} ${here()}`));
      (await get()).addEventListener('abort', listener, { once: true });
    });
    controller.abort();
    await expect.poll(() => heard).toEqual(['abort request a', 'abort request b', 'object request b']);
  });

  test('a listener can be removed, and added again in another context', async () => {
    const { controller, get } = await connect();
    const heard: string[] = [];
    const listener = (): void => void heard.push(here());
    const signal = await get();
    store.run('request a', () => signal.addEventListener('abort', listener));
    signal.removeEventListener('abort', listener);
    store.run('request b', () => signal.addEventListener('abort', listener));
    store.run('request c', () => signal.addEventListener('abort', listener));
    signal.addEventListener('abort', null as never);
    signal.removeEventListener('abort', null as never);
    signal.onabort = listener;
    expect(signal.onabort).toBe(listener);
    signal.onabort = null;
    controller.abort();
    await expect.poll(() => signal.aborted).toBe(true);
    expect(heard).toEqual(['request b']);
  });

  type Listen = (signal: AbortSignal, listener: () => void) => void;
  const additions: Record<string, Listen> = {
    'added with and without capture, and removed for both': (signal, listener) => {
      signal.addEventListener('abort', listener);
      signal.addEventListener('abort', listener, { capture: true });
      signal.removeEventListener('abort', listener, { capture: true });
      signal.removeEventListener('abort', listener);
    },
    'added with and without capture, and removed without': (signal, listener) => {
      signal.addEventListener('abort', listener, true);
      signal.addEventListener('abort', listener, false);
      signal.removeEventListener('abort', listener);
    },
    'added with and without capture': (signal, listener) => {
      signal.addEventListener('abort', listener, true);
      signal.addEventListener('abort', listener);
      signal.addEventListener('abort', listener);
    },
    'removed for another type only': (signal, listener) => {
      signal.addEventListener('abort', listener);
      signal.removeEventListener('other', listener);
      signal.addEventListener('abort', listener);
    },
    'removed for another type, and then for its own': (signal, listener) => {
      signal.addEventListener('abort', listener);
      signal.removeEventListener('other', listener);
      signal.removeEventListener('abort', listener);
    },
    'added for two types, and removed for both': (signal, listener) => {
      signal.addEventListener('abort', listener);
      signal.addEventListener('other', listener);
      signal.removeEventListener('other', listener);
      signal.removeEventListener('abort', listener);
    },
    'removed with another capture only': (signal, listener) => {
      signal.addEventListener('abort', listener);
      signal.removeEventListener('abort', listener, { capture: true });
    },
    'removed with another capture, and then with its own': (signal, listener) => {
      signal.addEventListener('abort', listener);
      signal.removeEventListener('abort', listener, { capture: true });
      signal.removeEventListener('abort', listener);
    },
    'removed by the signal option': (signal, listener) => {
      const controller = new AbortController();
      signal.addEventListener('abort', listener, { signal: controller.signal });
      controller.abort();
    },
  };

  test.each(Object.entries(additions))(
    'a listener runs as on a local signal if it is %s',
    async (_, listen) => {
      const { controller, get } = await connect();
      const received = await get();
      let expected = 0;
      let heard = 0;
      listen(controller.signal, () => (expected += 1));
      listen(received, () => (heard += 1));
      controller.abort();
      await expect.poll(() => received.aborted).toBe(true);
      expect(heard).toBe(expected);
    },
  );

  test('a listener of two phases runs in the context of each addition', async () => {
    const { controller, get } = await connect();
    const heard: string[] = [];
    const listener = (): void => void heard.push(here());
    const signal = await get();
    store.run('request a', () => signal.addEventListener('abort', listener));
    store.run('request b', () => signal.addEventListener('abort', listener, { capture: true }));
    controller.abort();
    await expect.poll(() => signal.aborted).toBe(true);
    expect(heard.toSorted()).toEqual(['request a', 'request b']);
  });

  const losses: Record<string, Listen> = {
    'was removed by the signal option': (signal, listener) => {
      const controller = new AbortController();
      signal.addEventListener('abort', listener, { signal: controller.signal });
      controller.abort();
    },
    'has run once': (signal, listener) => {
      signal.addEventListener('abort', listener, { once: true });
      signal.dispatchEvent(new Event('abort'));
    },
  };

  test.each(Object.entries(losses))(
    'a listener that %s can be added again in another context',
    async (_, lose) => {
      const { controller, get } = await connect();
      const heard: string[] = [];
      const listener = (): void => void heard.push(here());
      const signal = await get();
      store.run('request a', () => lose(signal, listener));
      heard.length = 0;
      store.run('request b', () => signal.addEventListener('abort', listener));
      controller.abort();
      await expect.poll(() => signal.aborted).toBe(true);
      expect(heard).toEqual(['request b']);
    },
  );
});

describe('an object that was handed over is disposed of in the async context in which it was given', () => {
  class Resource {
    readonly #seen: (text: string) => void;
    constructor(seen: (text: string) => void) {
      this.#seen = seen;
    }
    touch(): void {
      this.#seen(`touch ${here()}`);
    }
    [Symbol.dispose](): void {
      this.#seen(`dispose ${here()}`);
    }
  }
  type Held = Disposable & { touch(): Promise<void> };
  const user = {
    async disposeResult(make: () => Promise<Held>): Promise<void> {
      using held = await make();
      await held.touch();
    },
    async disposeItems(items: AsyncIterable<Held>): Promise<void> {
      for await (const item of items) {
        using held = item;
        await held.touch();
      }
    },
  };
  const connect = () => store.run('connect', () => rpcPair({ ...user }));

  test('if it is the result of a callback', async () => {
    const { remote } = await connect();
    const seen: string[] = [];
    await store.run('a', () =>
      remote.disposeResult((() => ref(new Resource((text) => seen.push(text)))) as never),
    );
    await expect.poll(() => seen).toEqual(['touch a', 'dispose a']);
  });

  test('if it is an item of a stream', async () => {
    const { remote } = await connect();
    const seen: string[] = [];
    async function* items(): AsyncGenerator<object> {
      yield ref(new Resource((text) => seen.push(text)));
    }
    await store.run('a', () => remote.disposeItems(items() as never));
    await expect.poll(() => seen).toEqual(['touch a', 'dispose a']);
  });

  test('if it is the result of a handler, and the context is the call', async () => {
    keepContextEverywhere();
    let method: string | undefined;
    const { remote } = await rpcPair({
      open: () =>
        ref({
          [Symbol.dispose]: () => {
            method = callContext().method;
          },
        }),
    });
    const held = (await remote.open()) as unknown as Disposable;
    held[Symbol.dispose]();
    await expect.poll(() => method).toBe('Plugin.open');
  });
});

describe("the handler's options.signal aborts", () => {
  const aborts = async (
    make: (
      own: AbortController,
      other: AbortController,
    ) => [options: object, abort: AbortController | undefined],
  ): Promise<void> => {
    let heard: unknown;
    const { remote } = await rpcPair({
      job: (options: { signal: AbortSignal }) =>
        new Promise<never>((_, reject) => {
          options.signal.addEventListener('abort', () => {
            heard = options.signal.reason;
            reject(options.signal.reason as Error);
          });
        }),
    });
    const [own, other] = [new AbortController(), new AbortController()];
    const [options, abort] = make(own, other);
    const call = withCallOptions(remote, options).job({ signal: own.signal });
    abort?.abort();
    await expect(call).rejects.toThrow();
    await expect.poll(() => heard).toBeDefined();
  };

  test('if the caller aborts the signal that it passed', () => aborts((own) => [{}, own]));
  test('if the signal of withCallOptions aborts', () =>
    aborts((_, other) => [{ signal: other.signal }, other]));
  test('if the caller aborts the signal that it passed, and withCallOptions has another signal', () =>
    aborts((own, other) => [{ signal: other.signal }, own]));
  test('if a deadline passes', () => aborts(() => [{ deadlineMs: 1 }, undefined]));
});

test('a signal that outlives its calls keeps no finished call in memory', async () => {
  const { remote } = await rpcPair({ job: (options: { signal: AbortSignal }) => options.signal.aborted });
  const long = new AbortController();
  const dependants = (): number =>
    Object.getOwnPropertySymbols(long.signal)
      .filter((symbol) => String(symbol).includes('ependant'))
      .map(
        (symbol) => (long.signal as unknown as Record<symbol, Set<unknown> | undefined>)[symbol]?.size ?? 0,
      )
      .reduce((sum, size) => sum + size, 0);
  for (let n = 0; n < 50; n += 1) {
    const options = { signal: new AbortController().signal };
    expect(await withCallOptions(remote, { signal: long.signal }).job(options)).toBe(false);
  }
  expect(dependants()).toBe(0);
});

test('a signal in a result can be disposed of', async () => {
  const controller = new AbortController();
  const { remote, host, plugin } = await rpcPair({ watch: () => controller.signal });
  const signal = await remote.watch();
  expect(plugin.references).toBe(1);
  signal[Symbol.dispose]();
  await expect.poll(() => [host.references, plugin.references]).toEqual([0, 0]);
});

test('a signal that was aborted before it was sent can be disposed of, in a result and in items', async () => {
  const { remote } = await rpcPair({
    get: () => AbortSignal.abort(),
    *items() {
      yield [AbortSignal.abort()];
    },
    back: async (make: () => Promise<AbortSignal & Disposable>) => (await make())[Symbol.dispose](),
  });
  (await remote.get())[Symbol.dispose]();
  for await (const [signal] of remote.items() as AsyncIterable<[AbortSignal & Disposable]>) {
    expect(signal.aborted).toBe(true);
    signal[Symbol.dispose]();
  }
  await remote.back((() => AbortSignal.abort()) as never);
});

test('a caller that was blocked when its deadline passed accepts an answer that it reads after that', async () => {
  const { remote } = await rpcPair({ answer: () => 'in time' });
  const call = withCallOptions(remote, { deadlineMs: 20 }).answer();
  const until = performance.now() + 60;
  while (performance.now() < until);
  expect(await call).toBe('in time');
});
