/** Tests of the types of plugins that speak several protocol versions. */
import { expectTypeOf, test } from 'vitest';
import {
  checked,
  Client,
  defineContract,
  implement,
  serve,
  type ClientConfig,
  type ContractInterface,
  type Remote,
  type RPCClient,
  type RPCClientOf,
  type StandardSchema,
  type Versioned,
} from '../../src/index.ts';

interface Old {
  greet(name: string): Promise<string>;
}
interface New {
  greet(name: string, language: string): Promise<string>;
  languages(): Promise<string[]>;
}
interface Clock {
  now(): Promise<Date>;
}
interface Notes {
  list(): Promise<string[]>;
}
interface PluginsV1 {
  greeter: Old;
  clock: Clock;
}
interface PluginsV2 {
  greeter: New;
  notes: Notes;
}
interface PluginsByVersion {
  1: PluginsV1;
  2: PluginsV2;
}
type Plugins = Versioned<{ 1: PluginsV1; 2: PluginsV2 }>;

declare const text: StandardSchema<string>;

test('after a check of the protocol version, dispense() accepts the names of that version without a cast', () => {
  const use = async (client: Client<Plugins>): Promise<void> => {
    const rpc = await client.client();
    expectTypeOf(rpc.protocolVersion).toEqualTypeOf<1 | 2>();
    if (rpc.protocolVersion === 2) {
      expectTypeOf(await rpc.dispense('notes')).toEqualTypeOf<Remote<Notes>>();
      expectTypeOf(await rpc.dispense('greeter')).toEqualTypeOf<Remote<New>>();
      // @ts-expect-error -- a name of version 1
      await rpc.dispense('clock');
    } else {
      expectTypeOf(rpc.protocolVersion).toEqualTypeOf<1>();
      expectTypeOf(await rpc.dispense('clock')).toEqualTypeOf<Remote<Clock>>();
      expectTypeOf(await rpc.dispense('greeter')).toEqualTypeOf<Remote<Old>>();
      // @ts-expect-error -- a name of version 2
      await rpc.dispense('notes');
    }
    // @ts-expect-error -- there is no such version
    if (rpc.protocolVersion === 3) return;
    switch (rpc.protocolVersion) {
      case 1:
        await (await rpc.dispense('greeter')).greet('you');
        break;
      case 2:
        await (await rpc.dispense('greeter')).greet('you', 'en');
    }
  };
  expectTypeOf(use).toBeFunction();
});

test('before the check, dispense() accepts only names that all versions have, and a call must fit all versions', () => {
  const use = async (rpc: RPCClientOf<Plugins>): Promise<void> => {
    const greeter = await rpc.dispense('greeter');
    expectTypeOf(await greeter.greet('you', 'en')).toEqualTypeOf<string>();
    // @ts-expect-error -- version 2 needs a language
    await greeter.greet('you');
    // @ts-expect-error -- version 1 has no such method
    await greeter.languages();
    // @ts-expect-error -- version 1 has no such name
    await rpc.dispense('notes');
    await rpc.ping();
  };
  expectTypeOf(use).toBeFunction();
});

test('a client of plugins of several versions accepts only these versions', () => {
  new Client<Plugins>({ cmd: ['x'], protocolVersions: [1, 2] });
  new Client<Plugins>({ cmd: ['x'], protocolVersions: [2] });
  // @ts-expect-error -- the type of `rpc.protocolVersion` lacks version 3
  new Client<Plugins>({ cmd: ['x'], protocolVersions: [1, 2, 3] });
  const config: ClientConfig<Record<never, never>, Plugins> = { cmd: ['x'], protocolVersions: [1] };
  expectTypeOf(new Client<Plugins>(config).client()).resolves.toEqualTypeOf<RPCClientOf<Plugins>>();
  const own: Client<Plugins> = new Client({ cmd: ['x'], protocolVersions: [1, 2] });
  expectTypeOf(own).toEqualTypeOf<Client<Plugins>>();
  expectTypeOf(new Client({ cmd: ['x'], protocolVersions: [1, 7] })).toEqualTypeOf<Client>();
  new Client<PluginsV1>({ cmd: ['x'], protocolVersions: [1, 7] });
});

test('the versions of Versioned are numbers', () => {
  expectTypeOf<Versioned<PluginsByVersion>>().toEqualTypeOf<Plugins>();
  // @ts-expect-error -- a text is not a version
  expectTypeOf<Versioned<{ '1': PluginsV1; '2': PluginsV2 }>>().toBeObject();
  // @ts-expect-error -- a name is not a version
  expectTypeOf<Versioned<{ v1: PluginsV1; v2: PluginsV2 }>>().toBeObject();
});

test('a check that leaves no version, one version or several versions narrows the connection', () => {
  interface Speech extends PluginsV2 {
    voice: Clock;
  }
  type Three = Versioned<{ 1: PluginsV1; 2: PluginsV2; 3: Speech }>;
  const use = async (rpc: RPCClientOf<Three>): Promise<void> => {
    switch (rpc.protocolVersion) {
      case 1:
        expectTypeOf(await rpc.dispense('clock')).toEqualTypeOf<Remote<Clock>>();
        return;
      case 2:
        // @ts-expect-error -- version 2 has no voice
        await rpc.dispense('voice');
        break;
      case 3:
        expectTypeOf(await rpc.dispense('voice')).toEqualTypeOf<Remote<Clock>>();
        break;
      default:
        expectTypeOf(rpc).toBeNever();
    }
    expectTypeOf(rpc.protocolVersion).toEqualTypeOf<2 | 3>();
    const isNewest = rpc.protocolVersion === 3;
    if (isNewest) await rpc.dispense('voice');
    // Before a check, and after a check that leaves versions with different names, a call must fit all versions.
    expectTypeOf(await rpc.dispense('greeter')).toExtend<Remote<Old | New>>();
  };
  expectTypeOf(use).toBeFunction();
});

test('a narrowed connection fits code that was written for its version, or for any plugin', () => {
  const useOld = async (rpc: RPCClient<PluginsV1>): Promise<Remote<Clock>> => await rpc.dispense('clock');
  const useAny = async (rpc: RPCClient): Promise<number> => await rpc.ping();
  const use = async (rpc: RPCClientOf<Plugins>): Promise<void> => {
    if (rpc.protocolVersion === 1) await useOld(rpc);
    await useAny(rpc);
    // @ts-expect-error -- the plugin may speak version 2
    await useOld(rpc);
  };
  expectTypeOf(use).toBeFunction();
});

test('the interfaces of a version can follow from a contract', () => {
  const first = defineContract({ read: { input: [text], output: text } });
  const second = defineContract({ read: { input: [text, text], output: text } });
  type Kv<C> = { kv: ContractInterface<C> };
  type Stores = Versioned<{ 1: Kv<typeof first>; 2: Kv<typeof second> }>;
  const use = async (rpc: RPCClientOf<Stores>): Promise<void> => {
    if (rpc.protocolVersion === 1) await checked(first, await rpc.dispense('kv')).read('a');
    else await checked(second, await rpc.dispense('kv')).read('a', 'b');
    await serve<Stores>({
      protocolVersions: {
        1: { kv: () => implement(first, { read: (key) => key }) },
        // @ts-expect-error -- the contract of version 1 does not fit version 2
        2: { kv: () => implement(first, { read: (key) => key }) },
      },
    });
  };
  expectTypeOf(use).toBeFunction();
});

test('plugins of one version have one type of RPCClient, whose protocolVersion is a number', () => {
  expectTypeOf<RPCClientOf<PluginsV1>>().toEqualTypeOf<RPCClient<PluginsV1>>();
  expectTypeOf<RPCClientOf<Record<string, object>>>().toEqualTypeOf<RPCClient>();
  expectTypeOf<RPCClient<PluginsV1>['protocolVersion']>().toEqualTypeOf<number>();
  // eslint-disable-next-line typescript/no-explicit-any -- untyped code has this type
  expectTypeOf<RPCClientOf<any>['protocolVersion']>().toEqualTypeOf<number>();
  const generic = async <P>(client: Client<P>): Promise<RPCClient<P>> => await client.client();
  expectTypeOf(generic).toBeFunction();
});

const greeter1 = (): Old => ({ greet: async (name) => name });
const greeter2 = (): New => ({ greet: async (name, language) => name + language, languages: async () => [] });
const clock = (): Clock => ({ now: async () => new Date() });
const notes = (): Notes => ({ list: async () => [] });

test('serve() accepts the plugin set of each version, and no other set', () => {
  const main = async (): Promise<void> => {
    await serve<Plugins>({
      protocolVersions: { 1: { greeter: greeter1, clock }, 2: { greeter: greeter2, notes } },
    });
    await serve<Plugins>({
      protocolVersions: {
        1: { greeter: greeter1, clock },
        // @ts-expect-error -- the greeter of version 1 does not fit version 2
        2: { greeter: greeter1, notes },
      },
    });
    await serve<Plugins>({
      protocolVersions: {
        1: { greeter: greeter1, clock },
        // @ts-expect-error -- version 2 has notes
        2: { greeter: greeter2 },
      },
    });
    await serve<Plugins>({
      protocolVersions: {
        1: { greeter: greeter1, clock },
        // @ts-expect-error -- version 2 has no clock
        2: { greeter: greeter2, notes, clock },
      },
    });
    // @ts-expect-error -- version 2 is missing
    await serve<Plugins>({ protocolVersions: { 1: { greeter: greeter1, clock } } });
    await serve<Plugins>({
      protocolVersions: {
        1: { greeter: greeter1, clock },
        2: { greeter: greeter2, notes },
        // @ts-expect-error -- there is no version 3
        3: { greeter: greeter2, notes },
      },
    });
    // @ts-expect-error -- one set cannot serve two versions
    await serve<Plugins>({ plugins: { greeter: greeter2 }, protocolVersions: [1, 2] });
    await serve<Plugins>({
      protocolVersions: {
        1: { greeter: greeter1, clock },
        2: {
          greeter: greeter2,
          // @ts-expect-error -- results that cannot be sent are refused in each version
          notes: () => ({ list: async () => [{ later: Promise.resolve('x') }] }),
        },
      },
    });
  };
  expectTypeOf(main).toBeFunction();
});

test('the factories of each version get the services of the host', () => {
  const main = async (): Promise<void> => {
    await serve<Versioned<{ 1: { clock: Clock } }>, { time: Clock }>({
      protocolVersions: {
        1: {
          clock: (context) => {
            expectTypeOf(context.host.dispense('time')).resolves.toEqualTypeOf<Remote<Clock>>();
            return clock();
          },
        },
      },
    });
  };
  expectTypeOf(main).toBeFunction();
});

test('the compiler infers the sets of versions without a type argument', () => {
  const main = async (): Promise<void> => {
    await serve({ protocolVersions: { 1: { greeter: greeter1 }, 2: { greeter: greeter1 } } });
    await serve({ plugins: { greeter: greeter2 }, protocolVersions: [1, 2] });
  };
  expectTypeOf(main).toBeFunction();
});
