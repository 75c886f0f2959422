import { expect } from 'vitest';
import type { PluginSet } from '@pipework/core';
import { test } from '@pipework/testkit/vitest';

interface Files {
  read(path: string): Promise<string>;
}

/** The plugin under test, which asks its host for files. */
const plugins: PluginSet<{ counter: { words(path: string): Promise<number> } }, { files: Files }> = {
  counter: async ({ host }) => {
    const files = await host.dispense('files');
    return { words: async (path) => (await files.read(path)).split(' ').length };
  },
};

test('counts the words of a file that its host reads', async ({ connect, fakePlugin }) => {
  const files = fakePlugin<Files>({ read: async () => 'three short words' });
  const pair = await connect(plugins, { client: { provide: { files: () => files } } });
  const counter = await pair.rpc.dispense('counter');

  expect(await counter.words('a.txt')).toBe(3);
  expect(files).toHaveBeenCalledRemotely('read', 'a.txt');
});
