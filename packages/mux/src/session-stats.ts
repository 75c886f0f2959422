/** Counts the streams and bytes that a session holds at this moment. */

import type { FrameWriter } from './frame-writer.ts';
import type { Pipe } from './pipe.ts';
import type { StreamTable } from './stream-table.ts';

/** The numbers of streams and bytes that a session holds. */
export interface SessionStats {
  /** Streams that are open now, whichever side opened them. */
  readonly streams: number;
  /** Streams that the peer opened and this side has not accepted. */
  readonly unaccepted: number;
  /** Streams of ours that the peer has not answered. */
  readonly unanswered: number;
  /** Bytes received that the application has not taken. */
  readonly heldBytes: number;
  /** Bytes written that were not sent yet: those queued here, and those that the transport itself holds. */
  readonly queuedBytes: number;
}

export function heldBytesOf(table: StreamTable): number {
  let bytes = 0;
  for (const stream of table) bytes += stream.record.receiveWindow.held;
  return bytes;
}

export function queuedBytesOf(table: StreamTable, writer: FrameWriter, pipe: Pipe): number {
  let bytes = writer.batchBytes + pipe.writable.writableLength;
  for (const stream of table) bytes += stream.record.outgoing.length;
  return bytes;
}
