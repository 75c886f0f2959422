// oxlint-disable unicorn/require-post-message-target-origin -- a MessagePort has no origin
import { parentPort } from 'node:worker_threads';
import { messageChild } from '../support/messages.mjs';

parentPort.on(
  'message',
  messageChild((message) => parentPort.postMessage(message)),
);
