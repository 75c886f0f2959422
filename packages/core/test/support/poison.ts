/** Overwrites every chunk once its reader has returned, as a transport with one reused buffer does: whoever keeps a view is found. */
import { Conversation } from '../../src/rpc/calls/conversation.ts';
import { GivenStream } from '../../src/rpc/streams/given-stream.ts';
import { TakenStream } from '../../src/rpc/streams/taken-stream.ts';

for (const { prototype } of [Conversation, GivenStream, TakenStream] as {
  prototype: { onData(chunk: Uint8Array): void };
}[]) {
  const { onData } = prototype;
  prototype.onData = function (chunk) {
    const lent = Buffer.from(chunk);
    onData.call(this, lent);
    lent.fill(0xff);
  };
}
