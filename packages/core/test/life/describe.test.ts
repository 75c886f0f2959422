import { expect, test } from 'vitest';
import { until } from '../support/life.ts';
import { plugin } from '../support/life.ts';

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
            input: [expect.objectContaining({ type: 'string' })],
            output: expect.objectContaining({ type: 'number' }) as unknown,
          },
          keys: {
            input: [],
            items: expect.objectContaining({ type: 'string' }) as unknown,
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
