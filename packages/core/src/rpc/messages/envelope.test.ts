import { expect, test } from 'vitest';
import { IncomingMessage } from '../wire/incoming-message.ts';
import { Scanner } from '../wire/scanner.ts';
import { readEnvelope } from './envelope.ts';

/** [0, 1, method, []] in a buffer that is used again and again, as the pipe's is. */
const reused = Buffer.alloc(64);
function methodOf(method: string): string {
  const bytes = Buffer.concat([
    Buffer.from([0x94, 0x00, 0x01, 0xa0 | method.length]),
    Buffer.from(method),
    Buffer.from([0x90]),
  ]);
  bytes.copy(reused);
  const message = new IncomingMessage(new Scanner(1_000, 10, 1_000));
  message.set(reused, 0, bytes.length, []);
  readEnvelope(message);
  return message.method;
}

test('a method keeps its name when the buffer it came in is filled anew', () => {
  // The same length, the same last byte and the same middle: the same place among the names that are remembered.
  expect(methodOf('Plugin.count')).toBe('Plugin.count');
  expect(methodOf('Plugin.print')).toBe('Plugin.print');
  expect(methodOf('Plugin.count')).toBe('Plugin.count');
});
