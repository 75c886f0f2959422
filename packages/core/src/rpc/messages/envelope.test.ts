import { expect, test } from 'vitest';
import { IncomingMessage } from '../wire/incoming-message.ts';
import { Scanner } from '../wire/scanner.ts';
import { readEnvelope } from './envelope.ts';

/** The message [0, 1, method, []] in a buffer that is reused, as the pipe's buffer is. */
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

test('a method keeps its name when the buffer in which it arrived is refilled', () => {
  // Two names get the same slot among the remembered names if they have the same length, last byte and middle
  // byte.
  expect(methodOf('Plugin.count')).toBe('Plugin.count');
  expect(methodOf('Plugin.print')).toBe('Plugin.print');
  expect(methodOf('Plugin.count')).toBe('Plugin.count');
});
