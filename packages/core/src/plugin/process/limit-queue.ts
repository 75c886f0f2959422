/** A bound for what is printed without waiting, as by `console.log`, while the host takes nothing. */

import type { Writable } from 'node:stream';
import { droppedMark } from '../../base/dropped-mark.ts';

/** Bytes that may wait in a stream. What is printed beyond is dropped, and a mark in its place says how much. */
const maxWaiting = 8 * 1024 * 1024;

type Done = (error?: Error | null) => void;

/**
 * Bounds the queue of `stream`. A writer that waits for `'drain'` never meets the bound. What is dropped counts as written for its writer.
 * Returns a function that writes the mark of what was dropped last, for when nothing further is printed.
 */
export function limitQueue(stream: Writable): () => void {
  const write = stream.write.bind(stream);
  let dropped = 0;
  const mark = (): void => {
    if (dropped === 0 || stream.writableEnded || stream.destroyed) return;
    const text = droppedMark(dropped, 'the host does not keep up');
    dropped = 0;
    write(text);
  };
  const limited = (chunk: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    const waiting = stream.writableLength;
    const bytes = waiting === 0 ? 0 : sizeOf(chunk, encoding);
    if (waiting + bytes <= maxWaiting || stream.writableEnded || stream.destroyed) {
      mark();
      return write(chunk, encoding as BufferEncoding, done);
    }
    if (dropped === 0) stream.once('drain', mark);
    dropped += bytes;
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback !== undefined) process.nextTick(callback, null);
    return false;
  };
  stream.write = limited as Writable['write'];
  return mark;
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string')
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
