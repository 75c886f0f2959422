// The child of the floor. It echoes bodies. When the host asks, the child sends stream items or chunks, or
// calls the host.
import { FrameWriter, readFrames } from '../support/frames.mjs';
import { childPipes } from '../support/processes.mjs';
import { once } from 'node:events';
import { CHUNK_BYTES, makeBytes } from '../../lib/values.mjs';
import { CALLBACKS_IN_FLIGHT, ITEMS_A_TURN, nextTurn } from '../../lib/service.mjs';
import {
  CALLBACK,
  CHUNK,
  DONE,
  ECHO,
  ITEM,
  RUN_CALLBACKS,
  RUN_CHUNKS,
  RUN_STREAM,
  order,
} from './bodies.mjs';

const { readable, writable } = childPipes({ lends: true });
const writer = new FrameWriter(writable);
let onAnswer;

readFrames(readable, (body) => {
  if (body[0] === ECHO) writer.write(body);
  else if (body[0] === CALLBACK) onAnswer(body);
  else if (body[0] === RUN_STREAM) void stream(body.readUInt32BE(1));
  else if (body[0] === RUN_CHUNKS) void sendChunks(body.readUInt32BE(1));
  else if (body[0] === RUN_CALLBACKS) callBack(body.readUInt32BE(1));
});

async function stream(count) {
  for (let i = 0; i < count; i++) {
    writer.write(order(ITEM, i));
    if (i % ITEMS_A_TURN === ITEMS_A_TURN - 1) await nextTurn();
  }
  writer.write(order(DONE, count));
}

async function sendChunks(count) {
  const chunk = makeBytes(CHUNK_BYTES);
  for (let i = 0; i < count; i++) {
    writer.writeTagged(CHUNK, chunk);
    if (writable.writableNeedDrain) await once(writable, 'drain');
  }
  writer.write(order(DONE, count));
}

function callBack(count) {
  let sent = 0;
  let sum = 0;
  let answered = 0;
  const send = () => {
    if (sent < count) writer.write(order(CALLBACK, sent++));
  };
  onAnswer = (body) => {
    sum += body.readUInt32BE(1) + 1;
    if (++answered === count) writer.write(order(DONE, sum));
    else send();
  };
  for (let i = 0; i < CALLBACKS_IN_FLIGHT; i++) send();
}
