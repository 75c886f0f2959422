import { CHUNK_BYTES, makeBytes } from '../../lib/values.mjs';
import { messageChild } from '../support/messages.mjs';

const receive = messageChild((message) => process.send(message));
process.on('message', (message) => {
  if (message.chunks === undefined) receive(message);
  else void sendChunks(message);
});

/**
 * Sends the chunks one after another. Only the callback of `send` shows that a chunk was sent, so each chunk
 * waits for the callback of the chunk before.
 */
async function sendChunks({ stream, chunks }) {
  const chunk = makeBytes(CHUNK_BYTES);
  for (let i = 0; i < chunks; i++) await new Promise((resolve) => process.send({ stream, chunk }, resolve));
  process.send({ stream });
}
