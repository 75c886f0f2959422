import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../../src/index.ts';
import { failure, fixture, plugin, until } from '../support/life.ts';

/** What validators make beside a schema's type. */
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

test('a plugin says what it is and what it offers', async () => {
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

test('schemas of valibot and arktype are told as those of zod are, and those that make no JSON Schema as one that anything fits', async () => {
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

test('a plugin that is only listed runs no factory', async () => {
  const rpc = await plugin('describes-itself').client();
  const { plugins } = await rpc.describe({ dispense: false });
  expect(plugins).toEqual({ kv: {}, greeter: {}, broken: {} });
});

test('a plugin without a name of its own has that of its package', async () => {
  const rpc = await plugin('greets').client();
  const { name, version } = await rpc.describe({ dispense: false });
  expect({ name, version }).toEqual({ name: '@pipework/core', version: expect.any(String) as string });
});

test('a plugin that is started by a link to its program has the name of the package behind the link', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-link-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const link = join(folder, 'my-plugin');
  symlinkSync(fixture('greets'), link);
  await using client = new Client({ cmd: [process.execPath, link] });
  expect(await (await client.client()).describe({ dispense: false })).toMatchObject({
    name: '@pipework/core',
  });
});

test('a description fails if the plugin ends before it is whole, and says at which name', async () => {
  const rpc = await plugin('exits-in-factory').client();
  expect(await failure(rpc.describe())).toMatchObject({
    code: 'RPC_CLOSED',
    sent: true,
    message: expect.stringContaining('the plugin ended while second was described') as string,
  });
});
