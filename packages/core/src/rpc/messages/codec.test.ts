import type { RawStream } from '@pipework/mux/lean';
import { expect, test } from 'vitest';
import { writeMessage } from './codec.ts';
import { LargeBin } from '../wire/extension.ts';

test('writeMessage() returns the result of the last write, even if other code asked for that write meanwhile', () => {
  const message = (id: number): unknown[] => [1, id, null, new LargeBin(new Uint8Array(200_000))];
  let writes = 0;
  const stream: RawStream = {
    write: (): boolean => {
      writes++;
      // With pipes in memory, a write may run code that writes another message.
      if (writes === 1) expect(writeMessage(stream, message(2), true, 1e9)).toBe(true);
      // Writes 1 and 2 (the pieces of message 1) return false. Writes 3 and 4 (the pieces of message 2)
      // return true.
      return writes > 2;
    },
  } as unknown as RawStream;
  expect(writeMessage(stream, message(1), true, 1e9)).toBe(true);
  expect(writes).toBe(4);
});
