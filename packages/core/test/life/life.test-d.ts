/** The types of a plugin's life: what the compiler has to accept, infer and refuse. */

import { PassThrough } from 'node:stream';
import { expectTypeOf, test } from 'vitest';
import {
  bubblewrap,
  Client,
  overStdio,
  serve,
  spawnLauncher,
  type ClientConfig,
  type EndedBy,
  type LaunchedProcess,
  type Launcher,
  type PluginAddress,
  type PluginContext,
  type PluginExit,
  type RPCClient,
} from '../../src/index.ts';

interface Greeter {
  greet(name: string): Promise<string>;
}
interface Plugins {
  greeter: Greeter;
}

test('a client knows its plugins by name', () => {
  const client = new Client<Plugins>({ cmd: ['x'] });
  expectTypeOf(client.client()).resolves.toEqualTypeOf<RPCClient<Plugins>>();
  expectTypeOf(client.start()).resolves.toEqualTypeOf<PluginAddress>();
  expectTypeOf(client.kill()).resolves.toEqualTypeOf<PluginExit>();
  expectTypeOf<RPCClient<Plugins>['dispense']>().parameter(0).toEqualTypeOf<'greeter'>();
  type Dispensed = Awaited<ReturnType<RPCClient<Plugins>['dispense']>>;
  expectTypeOf<Dispensed['greet']>().toBeCallableWith('you');
  expectTypeOf<ReturnType<Dispensed['greet']>>().resolves.toEqualTypeOf<string>();
});

test('the exit report says everything', () => {
  expectTypeOf<PluginExit['by']>().toEqualTypeOf<EndedBy>();
  expectTypeOf<EndedBy>().toEqualTypeOf<'plugin' | 'quit' | 'eof' | 'sigterm' | 'sigkill' | 'none'>();
  expectTypeOf<PluginExit['code']>().toEqualTypeOf<number | null>();
});

test('a command is a list with a program, or an object with one', () => {
  expectTypeOf<ClientConfig['cmd']>()
    .extract<readonly string[]>()
    .toEqualTypeOf<readonly [file: string, ...args: string[]]>();
  // @ts-expect-error -- a list needs a program
  new Client({ cmd: [] });
  // @ts-expect-error -- options have no other names
  new Client({ cmd: ['x'], timeout: 5 });
  new Client({
    cmd: { file: 'x', args: ['y'], cwd: '/', env: { A: '1', B: undefined } },
    syncStdout: process.stdout,
    logger: console,
  });
});

test('a factory makes what the contract says, at once or later', () => {
  expectTypeOf(serve<Plugins>)
    .parameter(0)
    .toHaveProperty('plugins');
  void (() => serve<Plugins>({ plugins: { greeter: () => ({ greet: async (name) => name }) } }));
  void (() => serve<Plugins>({ plugins: { greeter: async () => ({ greet: async (name) => name }) } }));
  void (() =>
    serve<Plugins>({
      protocolVersions: {
        1: { greeter: (context: PluginContext) => ({ greet: async () => context.log.level }) },
      },
    }));
  // @ts-expect-error -- a plugin of the contract is missing
  void (() => serve<Plugins>({ plugins: {} }));
  // @ts-expect-error -- the method has another type
  void (() => serve<Plugins>({ plugins: { greeter: () => ({ greet: async () => 5 }) } }));
});

test('launchers are of one type, and need no more than they use', () => {
  expectTypeOf(spawnLauncher).toEqualTypeOf<Launcher>();
  expectTypeOf(bubblewrap()).toEqualTypeOf<Launcher>();
  expectTypeOf(overStdio()).toEqualTypeOf<Launcher>();
  const least: LaunchedProcess = {
    readable: new PassThrough(),
    writable: new PassThrough(),
    kill: () => true,
    exited: Promise.resolve({ code: 0, signal: null }),
  };
  expectTypeOf<() => LaunchedProcess>().toExtend<Launcher>();
  expectTypeOf(least.pid).toEqualTypeOf<number | undefined>();
});
