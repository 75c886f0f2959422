import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../../src/index.ts';
import { Collector, failure, fixture, noLinks, plugin, until } from '../support/life.ts';

/** Matches the JSON Schema of a text. Validators may add keys beside `type`. */
const text = expect.objectContaining({ type: 'string' }) as unknown;
const sized = expect.objectContaining({
  type: 'object',
  properties: { size: { type: 'number' } },
  required: ['size'],
}) as unknown;
const lockedBy = expect.objectContaining({
  type: 'object',
  properties: { by: { type: 'string' } },
}) as unknown;

test('describe() returns the identity of a plugin, its names, and their methods', async () => {
  const rpc = await plugin('describes-itself').client();
  const description = await rpc.describe();
  expect(description).toEqual({
    name: 'fixture',
    version: '1.2.3',
    runtime: `node ${process.versions.node}`,
    protocolVersions: [1],
    plugins: {
      kv: {
        methods: {
          get: {
            doc: 'Returns the value of a key.',
            input: [text],
            output: expect.objectContaining({ type: 'number' }) as unknown,
          },
          keys: {
            input: [],
            items: text,
            errors: { LOCKED: expect.objectContaining({ type: 'object' }) as unknown },
          },
          when: { output: true },
        },
      },
      greeter: { methods: { greet: {}, toText: {} } },
      broken: { error: expect.stringContaining('no database') as string },
    },
  });
  await until(() => rpc.diagnostics().streams === 0);
});

test('describe() shows schemas of valibot, arktype and zod alike, and shows a schema that it cannot convert as one that accepts any value', async () => {
  const { plugins } = await (await plugin('describes-validators').client()).describe();
  expect(plugins).toEqual({
    byValibot: {
      methods: {
        get: { input: [text], output: sized, errors: { LOCKED: lockedBy } },
        plain: { input: [true] },
      },
    },
    byArktype: { methods: { get: { input: [text], output: sized, errors: { LOCKED: lockedBy } } } },
    odd: {
      methods: {
        throws: { output: true },
        circular: { output: true },
        bigint: { output: true },
        extra: { output: { type: 'string', since: '1970-01-01T00:00:00.000Z' } },
        tree: {
          input: [
            expect.objectContaining({
              properties: {
                name: { type: 'string' },
                children: { type: 'array', items: { $ref: '#' } },
              },
            }) as unknown,
          ],
        },
      },
    },
  });
});

test('describe({ dispense: false }) lists the names and runs no factory', async () => {
  const rpc = await plugin('describes-itself').client();
  const { plugins } = await rpc.describe({ dispense: false });
  expect(plugins).toEqual({ kv: {}, greeter: {}, broken: {} });
});

test('a plugin that gives serve() no name has the name of its package', async () => {
  const rpc = await plugin('greets').client();
  const { name, version } = await rpc.describe({ dispense: false });
  expect({ name, version }).toEqual({ name: '@pipework/core', version: expect.any(String) as string });
});

const throughLink = "a plugin started through a link has the name of the package of the link's target";
test.skipIf(noLinks)(`${throughLink}${noLinks}`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-link-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const link = join(folder, 'my-plugin');
  symlinkSync(fixture('greets'), link);
  await using client = new Client({ cmd: [process.execPath, link] });
  expect(await (await client.client()).describe({ dispense: false })).toMatchObject({
    name: '@pipework/core',
  });
});

test('describe() rejects if a factory ends the plugin, and the message has the name of that factory', async () => {
  const rpc = await plugin('exits-in-factory').client();
  expect(await failure(rpc.describe())).toMatchObject({
    code: 'RPC_CLOSED',
    sent: true,
    message: expect.stringContaining('the plugin ended while second was described') as string,
  });
});

test('describe({ timeoutMs }) reports an error for a name whose factory takes longer than timeoutMs, and describes the other names', async () => {
  const rpc = await plugin('makes-slowly', {}, 'quickly').client();
  const { plugins } = await rpc.describe({ timeoutMs: 2_000 });
  expect(plugins).toEqual({
    slow: { error: 'the factory of slow took longer than 2000 ms' },
    late: { error: 'the factory of late failed: my own deadline' },
    quick: { methods: { answer: {} } },
  });
});

test('describe({ timeoutMs }) rejects if the plugin does not list its names in time', async () => {
  const client = plugin('makes-trouble', { gracePeriod: 100 });
  const rpc = await client.client();
  void (await rpc.dispense('trouble')).block(60_000).catch(() => {});
  expect(await failure(rpc.describe({ timeoutMs: 100 }))).toMatchObject({ code: 'RPC_DEADLINE', sent: true });
});

test('describe({ signal }) rejects with the signal’s reason if the signal aborts while a factory runs, or had aborted before the call', async () => {
  const stdout = new Collector();
  const rpc = await plugin('makes-slowly', { syncStdout: stdout }).client();
  const cancel = new AbortController();
  const described = failure(rpc.describe({ signal: cancel.signal }));
  await until(() => stdout.text.includes('making'));
  const reason = new Error('no longer wanted');
  cancel.abort(reason);
  expect(await described).toBe(reason);
  expect(await failure(rpc.describe({ signal: cancel.signal }))).toBe(reason);
  await until(() => stdout.text === 'making\nmade\ndisposed of\n');
});

test.each([{ signal: 5 }, { timeoutMs: -1 }, { timeout: 5 }])('describe(%j) is refused', async (options) => {
  const rpc = await plugin('greets').client();
  expect(await failure(rpc.describe(options as never))).toMatchObject({ code: 'CONFIG_INVALID' });
});
