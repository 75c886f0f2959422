/**
 * Tests of plugin programs: versions, several plugins in one program, a run without a host, and the modules
 * that a program loads.
 */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { serve, serveMux, type ServeOptions } from '../../src/plugin.ts';
import { failure, fixture, isWindows, plugin, until, Collector } from '../support/life.ts';

const run = promisify(execFile);

interface Failed {
  code: number;
  stdout: string;
  stderr: string;
}

describe('protocol versions', () => {
  test('of both sides are compared, and the plugin set of the highest common version is served', async () => {
    const client = plugin('speaks-versions', { protocolVersions: [1, 2, 3, 9] }, '1,3,4');
    const rpc = await client.client();
    const greeter = await rpc.dispense('greeter');
    expect(await greeter.greet('version')).toBe('version 3 3');
    expect(rpc.protocolVersion).toBe(3);
    expect(client.negotiatedVersion).toBe(3);
    expect(await client.start()).toMatchObject({ protocolVersion: 3 });
  });

  test('of both sides are in the error as sorted lists if no version is common, and the error names the side to upgrade', async () => {
    const older = await failure(plugin('speaks-versions', { protocolVersions: [7, 5, 10] }, '3,1').start());
    expect(older.code).toBe('HANDSHAKE_VERSION');
    expect(older.message).toContain(
      'incompatible protocol version with plugin. Plugin version: 3, Host versions: [5 7 10], Plugin versions: [1 3]. The plugin is older than this host: upgrade the plugin',
    );
    const newer = await failure(plugin('speaks-versions', { protocolVersions: [1] }, '3').start());
    expect(newer.message).toContain('upgrade the host');
  });
});

describe('a dispense', () => {
  test('fails if the name is unknown, and the error has that name', async () => {
    const rpc = await plugin('greets').client();
    expect(await failure(rpc.dispense('nobody' as never))).toMatchObject({
      message: 'unknown plugin type: nobody: this plugin serves greeter',
      code: 'RPC_UNKNOWN_PLUGIN',
    });
    expect((await failure(rpc.dispense('constructor' as never))).message).toContain(
      'unknown plugin type: constructor',
    );
  });

  test('makes a new implementation each time', async () => {
    const rpc = await plugin('counts').client();
    interface Counter {
      next(): Promise<number>;
    }
    const [a, b] = (await Promise.all([
      rpc.dispense('counter' as never),
      rpc.dispense('counter' as never),
    ])) as [Counter, Counter];
    expect([await a.next(), await a.next(), await b.next()]).toEqual([1, 2, 1]);
  });

  test('can fail without ending the plugin', async () => {
    const rpc = await plugin('counts').client();
    expect((await failure(rpc.dispense('broken' as never))).message).toContain('the factory failed');
    const error = await failure(rpc.dispense('text' as never));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(
      "the result of the factory of text must be an object with methods; got 'no object'",
    );
    expect(await rpc.ping()).toBeGreaterThan(0);
  });

  test("whose signal aborts rejects immediately, aborts the factory's signal, and disposes of the factory's result", async () => {
    const stdout = new Collector();
    const rpc = await plugin('makes-slowly', { syncStdout: stdout }).client();
    const cancel = new AbortController();
    const dispensed = failure(rpc.dispense('slow' as never, { signal: cancel.signal }));
    await until(() => stdout.text.includes('making'));
    const reason = new Error('no longer wanted');
    cancel.abort(reason);
    expect(await dispensed).toBe(reason);
    expect(rpc.diagnostics().pendingCalls).toBe(0);
    await until(() => stdout.text === 'making\nmade\ndisposed of\n');
    expect(await failure(rpc.dispense('slow' as never, { signal: cancel.signal }))).toBe(reason);
    expect(await rpc.ping()).toBeGreaterThan(0);
    expect(stdout.text).toBe('making\nmade\ndisposed of\n');
  });

  test.each([
    [{ signal: 5 }, 'signal must be an AbortSignal'],
    [{ timeoutMs: 5 }, 'timeoutMs'],
  ])('with the options %j is refused', async (options, message) => {
    const rpc = await plugin('greets').client();
    const error = await failure(rpc.dispense('greeter', options as never));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toContain(message);
  });
});

test.each([5, undefined, null, {}])('dispense(%o) is refused by the host', async (name) => {
  const rpc = await plugin('greets').client();
  const error = await failure(rpc.dispense(name as never));
  expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
  expect(error.message).toContain('name must be a text; got');
});

describe('ping()', () => {
  test('takes timeoutMs under the name that it had before 0.2', async () => {
    const rpc = await plugin('greets').client();
    // oxlint-disable-next-line typescript/no-deprecated -- this is the test of the old name
    expect(await rpc.ping({ timeout: 60_000 })).toBeGreaterThan(0);
  });

  test('resolves while handlers are busy, and rejects at its timeout if the event loop is blocked', async () => {
    const client = plugin('makes-trouble', { gracePeriod: 100 });
    const rpc = await client.client();
    const trouble = await rpc.dispense('trouble');
    void trouble.hang().catch(() => {});
    expect(await rpc.ping()).toBeGreaterThan(0);
    void trouble.block(2_000).catch(() => {});
    expect((await failure(rpc.ping({ timeoutMs: 150 }))).code).toBe('RPC_DEADLINE');
  });
});

test.each([
  [null, 'options must be an object of timeoutMs, timeout; got null'],
  [5, 'options must be an object of timeoutMs, timeout; got 5'],
  [{ timeuot: 5 }, 'not timeuot'],
  [{ timeoutMs: Number.NaN }, 'timeoutMs must be milliseconds above 0; got NaN'],
  [{ timeout: 1, timeoutMs: 1 }, 'options must be made of timeoutMs or its old name timeout, not both'],
])('ping() refuses %o', async (options, message) => {
  const rpc = await plugin('greets').client();
  const error = await failure(rpc.ping(options as object));
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message).toContain(message);
});

test('a second serve(), and callContext() after an await, fail with MISUSE', async () => {
  const rpc = await plugin('serves-twice').client();
  const trouble = (await rpc.dispense('trouble')) as unknown as { codes(): Promise<string[]> };
  expect(await trouble.codes()).toEqual(['MISUSE', 'MISUSE']);
});

describe('a plugin that is run without a host', () => {
  test('prints on standard error that it is a plugin, prints nothing else, and exits with status 1', async () => {
    const { code, stdout, stderr } = await failure<Failed>(run(process.execPath, [fixture('greets')]));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^This program is a plugin/);
  });

  test('exits with status 1 if the cookie is that of another application', async () => {
    const env = { ...process.env, OTTO_PLUGIN_MAGIC_COOKIE: 'another' };
    expect((await failure<Failed>(run(process.execPath, [fixture('greets')], { env }))).code).toBe(1);
  });
});

describe('serveMux()', () => {
  test('serves the plugin that the first argument names', async () => {
    const greeter = await (await plugin('serves-one-of-many', {}, 'french').client()).dispense('greeter');
    expect(await greeter.greet('toi')).toBe('Bonjour toi');
  });

  test.each([[[]], [['german']], [['toString']]])(
    'prints the names and exits with status 1 for the arguments %j',
    async (args) => {
      const { code, stdout, stderr } = await failure<Failed>(
        run(process.execPath, [fixture('serves-one-of-many'), ...args]),
      );
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('english\n  french\n');
      if (args.length > 0) expect(stderr).toContain(`Unknown plugin: ${args[0]}`);
    },
  );

  test('refuses plugins that are not a map', async () => {
    expect((await failure(serveMux(null as never))).code).toBe('CONFIG_INVALID');
  });
});

describe('the options of serve()', () => {
  const transport = { readable: new PassThrough(), writable: new PassThrough(), env: {} };
  test.each([
    [{}, 'plugins'],
    [{ plugins: { a: 5 } }, 'plugins.a'],
    [{ plugins: {}, protocolVersions: [] }, 'protocolVersions'],
    [{ plugins: {}, protocolVersions: Object.assign([], { 1: 1 }) }, 'protocolVersions'],
    [{ plugins: {}, protocolVersions: { 1: {} } }, 'plugins'],
    [{ protocolVersions: { x: {} } }, 'protocolVersions'],
    [{ plugins: {}, protocolVersions: 5 }, 'protocolVersions'],
    [{ plugins: {}, onShutdown: 5 }, 'onShutdown'],
    [{ plugins: {}, interceptors: 5 }, 'interceptors'],
    [{ plugins: {}, interceptors: Object.assign([], { 1: () => {} }) }, 'interceptors'],
    [{ plugins: {}, redactError: 5 }, 'redactError'],
    [{ plugins: {}, handshake: { magicCookieKey: 5 } }, 'handshake.magicCookieKey'],
    [{ plugins: {}, limits: 5 }, 'limits'],
    [{ plugins: {}, gracePeriod: -1 }, 'gracePeriod'],
    [{ plugins: {}, plugin: {} }, 'options'],
  ])('%j are refused, and the error names the option', async (options, name) => {
    const error = await failure(serve({ ...options, transport } as unknown as ServeOptions));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(name);
  });

  test('are refused if the environment of a transport lacks the cookie', async () => {
    expect((await failure(serve({ plugins: {}, transport }))).code).toBe('HANDSHAKE_COOKIE');
  });
});

describe('the modules that a plugin loads', () => {
  test('exclude execa, p-timeout, tinyglobby and every module of the host', async () => {
    const entry = fileURLToPath(new URL('../../dist/plugin.js', import.meta.url));
    const seen = new Set<string>();
    const look = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const source = await readFile(path, 'utf8');
      for (const [, name = ''] of source.matchAll(/(?:import|export)[^'"]*?['"]([^'"]+)['"]/g)) {
        if (name.startsWith('.')) await look(fileURLToPath(new URL(name, `file://${path}`)));
        else seen.add(name);
      }
      expect(source).not.toContain('class StartError');
    };
    await look(entry);
    const names = [...seen].filter((name) => !name.startsWith('/'));
    expect(names).not.toEqual([]);
    for (const heavy of [
      'execa',
      'p-timeout',
      'tinyglobby',
      'node:child_process',
      'node:crypto',
      'node:fs/promises',
    ]) {
      expect(names).not.toContain(heavy);
    }
  });
});

const ofWindows = [
  ...['HOMEDRIVE', 'HOMEPATH', 'LOGONSERVER', 'SYSTEMDRIVE', 'SYSTEMROOT', 'TEMP', 'USERDOMAIN'],
  ...['USERNAME', 'USERPROFILE', 'WINDIR'],
];

describe('the plugin’s environment', () => {
  test('has only the variables that the allow-list admits', async () => {
    // Wine adds its own variables. Under Wine, Node does not start without NODE_SKIP_PLATFORM_CHECK.
    const inherit = ['PATH', 'NODE_SKIP_PLATFORM_CHECK'];
    const client = plugin('tells-its-environment', { env: { inherit, set: { MINE: 'x' } } });
    const rpc = await client.client();
    const teller = (await rpc.dispense('teller' as never)) as { env(): Promise<Record<string, string>> };
    const names = Object.keys(await teller.env()).filter((name) => !/^(NODE_SKIP_|WINE)/.test(name));
    const further = names
      .map((name) => name.toUpperCase())
      .filter((name) => !['MINE', 'PATH'].includes(name));
    expect(names.length - further.length).toBe(2);
    // On Windows, Node gives every child process the variables in `ofWindows` too.
    expect(isWindows ? ofWindows : []).toEqual(expect.arrayContaining(further));
  });
});

describe('standard input', () => {
  test('carries a stream to the plugin, and never carries the protocol', async () => {
    const stdout = new Collector();
    const stdin = new PassThrough();
    stdin.end('typed by somebody\n');
    const client = plugin('echoes-stdin', { stdin, syncStdout: stdout });
    await client.start();
    await until(() => stdout.text === 'typed by somebody\n');
  });
});

describe('an error explains a mistake in the use of a plugin:', () => {
  test('a call of an unknown method, with the methods that the plugin has', async () => {
    const rpc = await plugin('greets').client();
    const greeter = await rpc.dispense('greeter');
    const error = await failure((greeter as unknown as { gret(): Promise<void> }).gret());
    expect(error).toMatchObject({ code: 'RPC_UNKNOWN_METHOD' });
    expect(error.message).toMatch(/^can't find method Plugin\.gret: greeter offers greet/);
  });

  test('a factory that throws', async () => {
    const rpc = await plugin('fails-to-make').client();
    const error = await failure(rpc.dispense('broken' as never));
    expect(error).toMatchObject({ code: 'E1', message: 'the factory of broken failed: no disk' });
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  test('a class in place of a factory', async () => {
    class Greeter {}
    await expect(serve({ plugins: { greeter: Greeter as never } })).rejects.toThrow(
      'plugins.greeter must be a function that makes the implementation, such as () => new Greeter(); got [class Greeter]',
    );
  });
});

test('a package that is a link is the same module before and after the call of serve()', async () => {
  const rpc = await plugin('finds-a-package').client();
  const finder = (await rpc.dispense('finder' as never)) as { find(): Promise<string> };
  expect(await finder.find()).not.toContain('node_modules');
});
