import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { misbehave } from '@pipework/testkit';
import { compile } from './support/compile.ts';
import { fixture, hanging, inProcess, inTerminal, noTerminal, pipework, root } from './support/run.ts';

const table = (
  bold: (name: string) => string,
): string => `fixture 1.2.3 (node ${process.versions.node}; protocol 1)

${bold('kv')}
  get(arg1: string): Promise<number | null>                                         Returns the value of a key.
  keys(): AsyncIterable<string>                                                     Streams all keys.
  put(arg1: string, arg2: { value: number; tags?: ("a" | "b")[] | undefined }): Promise<[string, boolean]>
  tree(): Promise<T>
  when(): Promise<unknown>

${bold('tool')}
`;

describe('describe in a pipe', () => {
  test('prints a table of names and methods', async () => {
    const { status, stdout } = await pipework(['describe', '--', ...fixture]);
    const squeezed = (text: string): string => text.replaceAll(/ {2,}(?=\S)/g, '  ');
    expect(squeezed(stdout)).toContain(squeezed(table((name) => name)).split('tree()')[0]);
    expect(stdout).toContain('\n  echo(...)\n');
    expect(stdout).toContain('\nbroken\n  cannot be described: the factory of broken failed: no database\n');
    expect(status).toBe(0);
  });

  test('prints the whole description with --json', async () => {
    const { stdout } = await inProcess(['describe', '--json', '--', ...fixture]);
    const described = JSON.parse(stdout) as { name: string; plugins: Record<string, { methods?: object }> };
    expect(described.name).toBe('fixture');
    expect(described.plugins.kv?.methods).toHaveProperty('get.input', [
      expect.objectContaining({ type: 'string' }),
    ]);
  });

  test('warns if a plugin cannot describe itself', async () => {
    const { status, stdout, stderr } = await inProcess(['describe', '--', ...misbehave('hangs-on-call')]);
    expect(stdout).toContain('protocol 1');
    expect(stderr).toMatch(/^pipework: warning: the plugin cannot be asked what it offers/m);
    expect(status).toBe(0);
    const json = await inProcess(['describe', '--json', '--', ...misbehave('hangs-on-call')]);
    expect(JSON.parse(json.stderr)).toMatchObject({
      warning: { message: expect.stringContaining('cannot be asked what it offers') as string },
    });
  });

  test('shows the other names and exits with 8 if a factory never settles', async () => {
    const { status, stdout, stderr } = await inProcess(['describe', '--timeout', '2000', '--', ...hanging]);
    expect(stdout.replace(/\(node.*?;/, '(node;')).toBe(`hangs 1.0.0 (node; protocol 1)

never
  cannot be described: the factory of never took longer than 2000 ms

thenable
  cannot be described: the factory of thenable took longer than 2000 ms

tool
  greet(...)

(...) stands for arguments and a result that the plugin does not describe
`);
    expect(stderr).toContain('the factory of never, the factory of thenable took longer than 2000 ms');
    expect(status).toBe(8);
  });

  test('exits with 8 if a factory blocks the plugin, and ends the plugin', async () => {
    const blocks =
      'import { serve } from "@pipework/core/plugin"; await serve({ plugins: { a: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) } })';
    const plugin = ['--', 'node', '--input-type=module', '-e', blocks];
    const { status, stderr } = await inProcess(['describe', '--timeout', '2000', ...plugin]);
    expect(stderr).toContain('the factory of a took longer than 2000 ms');
    expect(status).toBe(8);
  });

  test('exits with 8 if a description comes too late, and shows the other names', async () => {
    // JSON Schemas are made when the plugin is asked for its description.
    const blocks = `
      import { defineContract, implement, serve } from "@pipework/core/plugin";
      const make = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      const slow = { "~standard": { version: 1, vendor: "x", validate: (value) => ({ value }), jsonSchema: { input: make, output: make } } };
      const contract = defineContract({ a: { input: [], output: slow } });
      await serve({ plugins: { first: () => ({ a: () => 1 }), slow: () => implement(contract, { a: () => 1 }) } });
    `;
    const plugin = ['--', 'node', '--input-type=module', '-e', blocks];
    const { status, stdout, stderr } = await inProcess(['describe', '--timeout', '2000', ...plugin]);
    expect(stdout).toContain('\nfirst\n  a(...)\n');
    expect(stdout).toContain(
      '\nslow\n  cannot be described: the description of slow took longer than 2000 ms\n',
    );
    expect(stderr).toContain('the description of slow took longer than 2000 ms. --timeout MS allows more');
    expect(status).toBe(8);
  });

  test('shows the error of a factory on one line, so that it cannot look like another name', async () => {
    const fails =
      'import { serve } from "@pipework/core/plugin"; await serve({ plugins: { a: () => { throw new Error("no\\n\\nkv\\n  drop(): Promise<void>") } } })';
    const { stdout } = await inProcess(['describe', '--', 'node', '--input-type=module', '-e', fails]);
    expect(stdout).toContain(
      '\na\n  cannot be described: the factory of a failed: no kv   drop(): Promise<void>\n',
    );
  });

  test('provides missing services, and names them in a warning, even if their names have spaces or colons', async () => {
    const asks = `
      import { serve } from "@pipework/core/plugin";
      const needs = (...names) => async ({ host }) => {
        for (const name of names) await host.dispense(name);
        return { found() {} };
      };
      await serve({ plugins: { a: needs("a b", "c:d, e"), b: needs("f") } });
    `;
    const plugin = ['--', 'node', '--input-type=module', '-e', asks];
    const { stdout, stderr } = await inProcess(['describe', ...plugin]);
    expect(stdout).toContain('\na\n  found(...)\n\nb\n  found(...)\n');
    expect(stderr).toBe(
      'pipework: warning: the plugin needs services of its host: "a b", "f", "c:d, e". describe provides them without methods, and call does not provide them\n',
    );
  });

  test('exits with 6 if the plugin dies', async () => {
    const dies =
      'import { serve } from "@pipework/core/plugin"; await serve({ plugins: { a: () => process.exit(3) } })';
    const { status } = await inProcess(['describe', '--', 'node', '--input-type=module', '-e', dies]);
    expect(status).toBe(6);
  });
});

test.skipIf(noTerminal !== undefined)('describe prints names bold in a terminal', async () => {
  const { shown, status } = await inTerminal(['describe', '--', ...fixture]);
  expect(shown).toContain('\n\u001b[1mkv\u001b[22m\n');
  expect(status).toBe(0);
});

describe('describe --dts', () => {
  test('writes interfaces from all schemas, and a host compiles against them', async () => {
    const { stdout } = await inProcess(['describe', '--dts', '--', ...fixture]);
    const host = `
      import { Client } from '@pipework/core';
      import type { Plugins } from './contract.ts';
      const client = new Client<Plugins>({ cmd: ['node', 'plugin.js'] });
      const rpc = await client.client();
      const kv = await rpc.dispense('kv');
      const value: number | null = await kv.get('key', { signal: AbortSignal.timeout(1) });
      for await (const key of kv.keys()) key.toUpperCase();
      const [name, isNew] = await kv.put('key', { value: value ?? 1, tags: ['a', 'b'] });
      const grandchild: string | undefined = (await kv.tree()).children[0]?.children[0]?.name;
      const when: Date = await kv.when();
      const tool = await rpc.dispense('tool');
      const echoed: string = await tool.echo('x');
      for await (const item of tool.forever<number>()) item.toFixed();
      for await (const item of tool.forever()) console.log(item, name.length, !isNew, grandchild, when, echoed);
      // @ts-expect-error the type of an item is not known
      for await (const item of tool.forever()) item.toFixed();
      // @ts-expect-error a number is no key
      await kv.get(5);
      // @ts-expect-error "c" is no tag
      await kv.put('key', { value: 1, tags: ['c'] });
      // @ts-expect-error there is no such name
      await rpc.dispense('nope');
    `;
    expect(compile({ 'contract.ts': stdout, 'host.ts': host })).toBe('');
  });

  test('writes interfaces that can replace the contract when the host of docs-check is compiled', async () => {
    const source = join(root, 'examples/docs-check/src');
    const names = readdirSync(source).filter((name) => name.endsWith('.ts'));
    const ofPlugin = async (plugin: string): Promise<[string, string][]> => {
      const program = join(root, `examples/docs-check/plugins/dist/${plugin}/main.js`);
      const { stdout, status } = await inProcess(['describe', '--dts', '--', 'node', program]);
      expect(status).toBe(0);
      // A description has neither the types inside a plugin's values nor the host's services, so the test
      // adds those.
      const contract = `
        export * from '../../../../../examples/docs-check/contract/src/index.ts';
        import type { Plugins } from './described.ts';
        export type { Plugins };
        export type Checker = Plugins['checker'];
      `;
      const host = names.map((name): [string, string] => [
        name,
        readFileSync(join(source, name), 'utf8').replaceAll("'docs-check-contract'", "'./contract.ts'"),
      ]);
      const files: [string, string][] = [['described.ts', stdout], ['contract.ts', contract], ...host];
      return files.map(([name, text]) => [join(plugin, name), text]);
    };
    const files = await Promise.all(['links', 'prose', 'fences'].map(ofPlugin));
    const modules = join(root, 'examples/docs-check/node_modules');
    expect(compile(Object.fromEntries(files.flat()), modules)).toBe('');
  });
});
