import { expect, test } from 'vitest';
import { IncomingMessage } from '../wire/incoming-message.ts';
import { Scanner } from '../wire/scanner.ts';
import { readEnvelope } from './envelope.ts';

/** Each call of `methodOf()` puts its message, `[0, 1, method, []]`, into this buffer. */
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

test('the name of a method remains correct after the buffer in which the name arrived is refilled', () => {
  // These two names share a slot of the remembered names, because they have the same length, last byte and
  // middle byte.
  expect(methodOf('Plugin.count')).toBe('Plugin.count');
  expect(methodOf('Plugin.print')).toBe('Plugin.print');
  expect(methodOf('Plugin.count')).toBe('Plugin.count');
});
