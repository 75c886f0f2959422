/**
 * Limits the queue of printed output while the host reads nothing. The queue grows if the program does not
 * wait before it prints more, for instance with `console.log`.
 */

import type { Writable } from 'node:stream';
import { droppedMark } from '../../base/dropped-mark.ts';

/**
 * The maximum number of bytes in the queue of a stream. Further output is dropped, and a mark in its place
 * states how many bytes were dropped.
 */
const maxWaiting = 8 * 1024 * 1024;
/**
 * The maximum number of writes in the queue. Each write costs 70 to 150 bytes beyond its payload, so a
 * million writes of one byte would take far more than a megabyte.
 */
const maxWaitingWrites = maxWaiting / 32;

type Done = (error?: Error | null) => void;

/**
 * Limits the queue of `stream`. A program that waits for `'drain'` never reaches the limit. If output is
 * dropped, the callback of the write is called as if the output had been written. Returns a function that
 * writes the mark for the last dropped bytes. Call the returned function when no more output will be printed.
 */
export function limitQueue(stream: Writable): () => void {
  const write = stream.write.bind(stream);
  let dropped = 0;
  let writes = 0;
  const settled = (): void => void writes--;
  // A console passes the same callback to each write, so the wrapper of the last callback is kept.
  let last: { readonly done: Done; readonly onSettled: Done } | undefined;
  const afterSettled = (done: Done): Done => {
    if (last?.done === done) return last.onSettled;
    const onSettled: Done = (error) => {
      settled();
      done(error);
    };
    last = { done, onSettled };
    return onSettled;
  };
  const accept = (chunk: unknown, encoding: BufferEncoding | undefined, done?: Done): boolean => {
    writes++;
    return write(chunk, encoding as BufferEncoding, done === undefined ? settled : afterSettled(done));
  };
  const mark = (): void => {
    if (dropped === 0 || stream.writableEnded || stream.destroyed) return;
    const text = droppedMark(dropped, 'the host does not keep up');
    dropped = 0;
    accept(text, undefined);
  };
  const callLater = calledInTurn();
  const limited = (chunk: unknown, second?: BufferEncoding | Done, third?: Done): boolean => {
    const [encoding, done] = typeof second === 'function' ? [undefined, second] : [second, third];
    const waiting = stream.writableLength;
    const bytes = writes === 0 ? 0 : sizeOf(chunk, encoding);
    const hasRoom = waiting + bytes <= maxWaiting && writes < maxWaitingWrites;
    if (hasRoom || stream.writableEnded || stream.destroyed) {
      mark();
      return accept(chunk, encoding, done);
    }
    if (dropped === 0 && bytes > 0) stream.once('drain', mark);
    dropped += bytes;
    if (done !== undefined) callLater(done);
    // If no bytes are queued, there will be no 'drain' to wait for.
    return waiting === 0;
  };
  stream.write = limited as Writable['write'];
  return mark;
}

/**
 * Returns a function that schedules a callback. Callbacks run later, in the order in which they were passed.
 * If the same callback is passed a million times in a row, it is stored only once.
 */
function calledInTurn(): (done: Done) => void {
  let last: { readonly done: Done; times: number } | undefined;
  return (done) => {
    if (last?.done === done) return void last.times++;
    const call = { done, times: 1 };
    last = call;
    process.nextTick(() => {
      if (last === call) last = undefined;
      for (let left = call.times; left > 0; left--) done(null);
    });
  };
}

function sizeOf(chunk: unknown, encoding: BufferEncoding | undefined): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, encoding);
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0;
}
