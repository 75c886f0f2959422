import { parentPort } from 'node:worker_threads';
import { messageChild } from '../support/messages.mjs';

parentPort.on(
  'message',
  messageChild((message) => parentPort.postMessage(message)),
);
