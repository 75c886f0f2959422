/**
 * Shows the frames on the wire. Every frame is published on the diagnostics channel `pipework:mux:frame`, and
 * `PIPEWORK_DEBUG=mux` prints each frame as a line on standard error:
 *
 *     mux 12:00:00.123 < host#1/5 WindowUpdate ACK +262144
 *
 * The line has the time, `>` for sent or `<` for received, the session's name and number, the stream, and the
 * frame. Nothing is formatted or allocated while the channel has no subscriber.
 */

import { channel, type Channel } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { describeFrame } from './frame.ts';

/** One frame, as it is published on the channel `pipework:mux:frame`. */
export interface FrameEvent {
  /** The session's name and number in this process: `host#1`. */
  readonly session: string;
  /** `sent` if this side wrote the frame, `received` if this side read it. */
  readonly direction: 'sent' | 'received';
  /** The number of the type: 0 data, 1 window update, 2 ping, 3 go-away. */
  readonly type: number;
  /** The sum of the flags that are set: 1 SYN, 2 ACK, 4 FIN, 8 RST. */
  readonly flags: number;
  /** The stream that the frame belongs to. 0 stands for the session. */
  readonly streamId: number;
  /**
   * The length field. In a data frame, this is the number of bytes that follow. No other frame has such
   * bytes.
   */
  readonly length: number;
}

/** The channel on which frames are published, as {@link FrameEvent}. */
export const frameChannel: Channel = channel('pipework:mux:frame');

type FrameFields = Omit<FrameEvent, 'session' | 'direction'>;

/** Publishes one session's frames. The caller has checked that the channel has subscribers. */
export class FramePublisher {
  readonly #session: string;
  readonly #leaving: FrameFields[] = [];

  constructor(session: string) {
    this.#session = session;
  }

  received(frame: FrameFields): void {
    this.#publish('received', frame);
  }

  /**
   * Keeps a sent frame until {@link leave} publishes it. A listener may write frames, so it must not be
   * called while another frame is being appended.
   */
  add(frame: FrameFields): void {
    this.#leaving.push(frame);
  }

  /** True if sent frames wait to be published. */
  get areLeaving(): boolean {
    return this.#leaving.length > 0;
  }

  /**
   * Publishes the kept frames as sent. Frames that a listener writes meanwhile are published after the kept
   * ones.
   */
  leave(): void {
    while (this.#leaving.length > 0) this.#publish('sent', this.#leaving.shift()!);
  }

  #publish(direction: FrameEvent['direction'], { type, flags, streamId, length }: FrameFields): void {
    const event: FrameEvent = { session: this.#session, direction, type, flags, streamId, length };
    frameChannel.publish(event);
  }
}

/** Returns one frame in words: `host#1/5 WindowUpdate ACK +262144`. */
export function describeEvent(event: FrameEvent): string {
  const where = event.streamId === 0 ? event.session : `${event.session}/${event.streamId}`;
  return `${where} ${describeFrame(event)}`;
}

/** Returns true if `words`, a comma-separated list, contains `mux`. */
export function isDebugged(words: string | undefined): boolean {
  return (words ?? '').split(',').some((word) => word.trim() === 'mux');
}

let isPrinting = false;

/** If `PIPEWORK_DEBUG` contains `mux`, prints every frame from now on. Further calls do nothing. */
export function printFramesIfAsked(): void {
  if (isPrinting || !isDebugged(process.env['PIPEWORK_DEBUG'])) return;
  isPrinting = true;
  frameChannel.subscribe((message) => {
    const event = message as FrameEvent;
    const time = new Date().toISOString().slice(11, 23);
    const arrow = event.direction === 'sent' ? '>' : '<';
    print(`mux ${time} ${arrow} ${describeEvent(event)}\n`);
  });
}

/**
 * Writes directly to descriptor 2, because `process.stderr` may be carried by the session whose frames are
 * printed.
 */
function print(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // Standard error is closed, or is a full non-blocking pipe. A debug line must not cause a failure.
  }
}
