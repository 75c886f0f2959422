import { PassThrough } from 'node:stream';
import { LeanSession, type RawStreamHandler } from '@pipework/mux/lean';
import { expect, onTestFinished, test } from 'vitest';
import { poisonStream } from './poison.ts';

test.each(['onData', 'onRange'] as const)(
  'if a reader keeps a view of a chunk lent to %s, the view is overwritten',
  async (way) => {
    const pipe = new PassThrough();
    const poison = { lentBytes: 0 };
    let lend = (_view: Uint8Array): void => {};
    const lent = new Promise<{ view: Uint8Array; before: string }>((resolve) => {
      lend = (view) => resolve({ view, before: Buffer.from(view).toString() });
    });
    const rest = { onEnd() {}, onClose() {} };
    const handler: RawStreamHandler =
      way === 'onData'
        ? { ...rest, onData: lend }
        : { ...rest, onData: lend, onRange: (chunk, start, end) => lend(chunk.subarray(start, end)) };
    const writer = new LeanSession({ readable: new PassThrough(), writable: pipe }, { role: 'client' });
    const reader = new LeanSession(
      { readable: pipe, writable: new PassThrough() },
      { role: 'server', onStream: (stream) => poisonStream(stream, poison).setHandler(handler) },
    );
    for (const session of [writer, reader]) session.closed.catch(() => {});
    onTestFinished(() => void [writer, reader].map((session) => session.close()));
    writer.openRaw().write(Buffer.from('lent'));
    const { view, before } = await lent;
    expect(before).toBe('lent');
    expect([...view]).toEqual([0xff, 0xff, 0xff, 0xff]);
    expect(poison.lentBytes).toBeGreaterThanOrEqual(4);
  },
);
