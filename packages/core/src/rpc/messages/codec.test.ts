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
      // Over pipes in memory, a call of the peer may arrive and be answered before this write returns.
      if (writes === 1) expect(writeMessage(stream, message(2), true, 1e9)).toBe(true);
      // The first message's two pieces fill the stream. The stream has drained when the second message
      // follows.
      return writes > 2;
    },
  } as unknown as RawStream;
  expect(writeMessage(stream, message(1), true, 1e9)).toBe(true);
  expect(writes).toBe(4);
});
