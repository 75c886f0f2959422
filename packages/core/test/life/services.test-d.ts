/** Tests of the types of services: how a host provides them, and how a plugin reaches them. */

import { expectTypeOf, test } from 'vitest';
import {
  Client,
  serve,
  type ClientConfig,
  type Description,
  type MethodDescription,
  type PluginContext,
  type PluginDescription,
  type PluginSet,
  type Remote,
  type RPCClient,
  type ServeOptions,
  type ServiceClient,
  type ServiceContext,
  type ServiceHost,
  type ServiceSet,
} from '../../src/index.ts';
import type * as pluginEntry from '../../src/plugin.ts';

interface Checker {
  check(path: string): Promise<number>;
}
interface Plugins {
  checker: Checker;
}
interface Files {
  read(path: string): string;
  lines(path: string): AsyncIterable<string>;
}
interface Clock {
  now(): number;
}
interface Services {
  files: Files;
  clock: Clock;
}

const files: Files = {
  read: (path) => path,
  async *lines(path) {
    yield path;
  },
};
const clock: Clock = { now: () => 0 };

test('a host provides each service by a factory, and the factory gets the client that asks', () => {
  const client = new Client<Plugins, Services>({
    cmd: ['x'],
    provide: {
      files: (context) => {
        expectTypeOf(context).toEqualTypeOf<ServiceContext>();
        expectTypeOf(context.client).toEqualTypeOf<ServiceClient>();
        expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
        return files;
      },
      clock: async () => clock,
    },
  });
  expectTypeOf(client).toExtend<ServiceClient>();
  expectTypeOf(client.client()).resolves.toEqualTypeOf<RPCClient<Plugins>>();
  expectTypeOf<ClientConfig<Services>['provide']>().toEqualTypeOf<ServiceSet<Services> | undefined>();
  expectTypeOf<ServiceClient['pid']>().toEqualTypeOf<number | undefined>();
});

test('the types of a host’s services are inferred, and services of other types do not compile', () => {
  const inferred = (): unknown =>
    new Client({ cmd: ['x'], provide: { files: () => files, clock: () => clock } });
  expectTypeOf(inferred).toBeFunction();
  const refused = (): void => {
    // @ts-expect-error -- a service is missing
    new Client<Plugins, Services>({ cmd: ['x'], provide: { files: () => files } });
    const wrong = (): { now(): string } => ({ now: () => '' });
    // @ts-expect-error -- the method has another type
    new Client<Plugins, Services>({ cmd: ['x'], provide: { files: () => files, clock: wrong } });
    // @ts-expect-error -- a service is made by a factory
    new Client<Plugins, Services>({ cmd: ['x'], provide: { files, clock: () => clock } });
  };
  expectTypeOf(refused).toBeFunction();
});

test("a factory's context reaches the services of the host by name", () => {
  const use = async (context: PluginContext<Services>): Promise<void> => {
    expectTypeOf(context.host).toEqualTypeOf<ServiceHost<Services>>();
    expectTypeOf<typeof context.host.dispense>().parameter(0).toEqualTypeOf<'files' | 'clock'>();
    const dispensed = await context.host.dispense('files');
    expectTypeOf(dispensed).toEqualTypeOf<Remote<Files>>();
    expectTypeOf(dispensed.read('a')).resolves.toEqualTypeOf<string>();
    expectTypeOf(dispensed.lines).toEqualTypeOf<Files['lines']>();
    expectTypeOf((await context.host.dispense('clock')).now()).resolves.toEqualTypeOf<number>();
    // @ts-expect-error -- the host offers no such service
    await context.host.dispense('secrets');
  };
  expectTypeOf(use).toBeFunction();
});

test('serve() takes the type of the services that a plugin expects', () => {
  void (() =>
    serve<Plugins, Services>({
      plugins: {
        checker: async ({ host }) => {
          expectTypeOf(host).toEqualTypeOf<ServiceHost<Services>>();
          const remote = await host.dispense('files');
          return { check: async (path) => (await remote.read(path)).length };
        },
      },
    }));
  // Without type parameters of serve(), the type of the factory's context says which services the plugin
  // expects.
  void (() =>
    serve({
      plugins: {
        checker: ({ host }: PluginContext<Services>) => ({
          check: async (path: string) => (await (await host.dispense('files')).read(path)).length,
        }),
      },
    }));
  void (() =>
    serve<Plugins, Services>({
      plugins: {
        checker: ({ host }) => ({
          // @ts-expect-error -- the host offers no such service
          check: async () => void (await host.dispense('secrets')),
        }),
      },
    }));
});

test('a plugin that declares no services can dispense no service, and also fits a host that provides services', () => {
  const set: PluginSet<Plugins> = {
    checker: (context) => {
      expectTypeOf<typeof context.host.dispense>().parameter(0).toEqualTypeOf<never>();
      return { check: async (path) => path.length };
    },
  };
  void (() => serve<Plugins>({ plugins: set }));
  expectTypeOf<PluginContext['host']>().toEqualTypeOf<ServiceHost<Record<never, never>>>();
});

test('each version of a plugin has the same services', () => {
  void (() =>
    serve<Plugins, Services>({
      protocolVersions: {
        1: { checker: () => ({ check: async (path) => path.length }) },
        2: {
          checker: async ({ host }) => {
            expectTypeOf(host).toEqualTypeOf<ServiceHost<Services>>();
            const remote = await host.dispense('files');
            return { check: async (path) => (await remote.read(path)).length };
          },
        },
      },
    }));
  expectTypeOf<ServeOptions<Plugins, Services>['plugins']>().toEqualTypeOf<
    PluginSet<Plugins, Services> | undefined
  >();
});

test('a description has a type, and schemas in it have the type unknown', () => {
  const use = async (rpc: RPCClient<Plugins>): Promise<void> => {
    const description = await rpc.describe();
    expectTypeOf(description).toEqualTypeOf<Description>();
    expectTypeOf(description.plugins).toEqualTypeOf<Readonly<Record<string, PluginDescription>>>();
    expectTypeOf(description.name).toEqualTypeOf<string | undefined>();
    expectTypeOf<PluginDescription['methods']>().toEqualTypeOf<
      Readonly<Record<string, MethodDescription>> | undefined
    >();
    expectTypeOf<MethodDescription['output']>().toEqualTypeOf<unknown>();
    await rpc.describe({ dispense: false });
    // @ts-expect-error -- the option has another name
    await rpc.describe({ methods: false });
  };
  expectTypeOf(use).toBeFunction();
});

test("the plugin's entry exports the types that a plugin needs, and no Client", () => {
  expectTypeOf<pluginEntry.ServiceHost<Services>>().toEqualTypeOf<ServiceHost<Services>>();
  expectTypeOf<pluginEntry.PluginContext<Services>>().toEqualTypeOf<PluginContext<Services>>();
  expectTypeOf<pluginEntry.PluginSet<Plugins, Services>>().toEqualTypeOf<PluginSet<Plugins, Services>>();
  expectTypeOf<typeof import('../../src/plugin.ts')>().not.toHaveProperty('Client');
});
