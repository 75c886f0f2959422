import { expect, test } from 'vitest';
import { readEnvelope } from './envelope.ts';

const request = (method: string): Buffer =>
  Buffer.from([0x94, 0, 1, 0xa0 + method.length, ...Buffer.from(method), 0x90]);

test('reads the method that came, whatever lay in the same memory before', () => {
  // Of one length and with the same letters where the cache of names looks first.
  const [first, second] = ['Plugin.greet', 'Plugin.great'];
  const lent = request(first!);
  expect(readEnvelope(lent, 0).method).toBe(first);
  request(second!).copy(lent);
  expect(readEnvelope(lent, 0).method).toBe(second);
});
