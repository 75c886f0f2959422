import { messageChild } from '../support/messages.mjs';

process.on(
  'message',
  messageChild((message) => process.send(message), { bytesAsText: true }),
);
