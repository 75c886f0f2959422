/** Tests of the types around a plugin's life: what the compiler must accept, infer and refuse. */

import { PassThrough } from 'node:stream';
import { expectTypeOf, test } from 'vitest';
import {
  bubblewrap,
  cleanupCount,
  Client,
  createRemote,
  isPipeworkError,
  overStdio,
  serve,
  spawnLauncher,
  withCallOptions,
  type CallOptions,
  type ClientConfig,
  type EndedBy,
  type LaunchedProcess,
  type Launcher,
  type MuxStream,
  type PipeworkError,
  type PluginAddress,
  type PluginContext,
  type PluginExit,
  type Remote,
  type RPCClient,
  type StartError,
  type StreamBroker,
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

test('RPCClient is a type, not a class that can be constructed', () => {
  expectTypeOf<typeof import('../../src/index.ts')>().not.toHaveProperty('RPCClient');
  expectTypeOf<RPCClient['broker']>().toEqualTypeOf<StreamBroker>();
  expectTypeOf<PluginContext['broker']>().toEqualTypeOf<StreamBroker>();
  expectTypeOf<Awaited<ReturnType<StreamBroker['dial']>>>().toEqualTypeOf<MuxStream>();
});

test('drain() and kill() of a client have options', () => {
  const client = new Client<Plugins>({ cmd: ['x'] });
  expectTypeOf(client.drain({ timeoutMs: 5, signal: AbortSignal.abort() })).resolves.toEqualTypeOf<boolean>();
  expectTypeOf(client.kill({ gracePeriod: 5 })).resolves.toEqualTypeOf<PluginExit>();
  // @ts-expect-error -- the option's name is timeoutMs
  void client.drain({ timeout: 5 });
  expectTypeOf<StartError['permanent']>().toEqualTypeOf<boolean>();
  expectTypeOf(cleanupCount).returns.toEqualTypeOf<number>();
});

test('a remote can be made from a function, and accepts further call options', () => {
  const greeter = createRemote<Greeter>(async (method, args, options) => {
    expectTypeOf(method).toEqualTypeOf<string>();
    expectTypeOf(args).toEqualTypeOf<unknown[]>();
    expectTypeOf(options).toEqualTypeOf<CallOptions | undefined>();
    return undefined;
  });
  expectTypeOf(greeter).toEqualTypeOf<Remote<Greeter>>();
  expectTypeOf(withCallOptions(greeter, { affinity: 'a', deadlineMs: 5 })).toEqualTypeOf<Remote<Greeter>>();
  const options: CallOptions = { deadlineMs: 5 };
  expectTypeOf(withCallOptions(greeter, options)).toEqualTypeOf<Remote<Greeter>>();
  // @ts-expect-error -- a known option keeps its type
  withCallOptions(greeter, { deadlineMs: 'soon' });
});

test('an error of pipework says whether its call was sent', () => {
  expectTypeOf<PipeworkError['sent']>().toEqualTypeOf<boolean | undefined>();
  const error: unknown = new Error();
  if (isPipeworkError(error)) expectTypeOf(error.sent).toEqualTypeOf<boolean | undefined>();
});

test('the exit report has the step that ended the plugin, and the exit code', () => {
  expectTypeOf<PluginExit['by']>().toEqualTypeOf<EndedBy>();
  expectTypeOf<EndedBy>().toEqualTypeOf<'plugin' | 'quit' | 'eof' | 'sigterm' | 'sigkill' | 'none'>();
  expectTypeOf<PluginExit['code']>().toEqualTypeOf<number | null>();
});

test('a command is a list that begins with a program, or an object that names one', () => {
  expectTypeOf<ClientConfig['cmd']>()
    .extract<readonly string[]>()
    .toEqualTypeOf<readonly [file: string, ...args: string[]]>();
  // @ts-expect-error -- a list needs a program
  new Client({ cmd: [] });
  // @ts-expect-error -- there is no option of this name
  new Client({ cmd: ['x'], timeout: 5 });
  new Client({
    cmd: { file: 'x', args: ['y'], cwd: '/', env: { A: '1', B: undefined } },
    syncStdout: process.stdout,
    logger: console,
  });
});

test('a factory returns the contract’s interface, or a promise of it', () => {
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

test('all launchers have the same type, and a launched process needs only four members', () => {
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
