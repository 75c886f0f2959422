import { expect } from 'vitest';
import { test } from '@pipework/testkit/vitest';
import { words } from '../src/words.ts';

test('counts the words of a text', async ({ connect }) => {
  const pair = await connect({ words: () => words });
  const remote = await pair.rpc.dispense('words');

  expect(await remote.count('two pipes and a plugin')).toBe(5);
});
