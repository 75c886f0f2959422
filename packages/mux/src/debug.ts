/**
 * What happens on the wire, for people and tools. Every frame is published on the diagnostics channel
 * `pipework:mux:frame`, and `PIPEWORK_DEBUG=mux` prints each as a line on standard error:
 *
 *     mux 12:00:00.123 < host#1/5 WindowUpdate ACK +262144
 *
 * the time, `>` sent or `<` received, the session's name and number, the stream, and the frame. Nothing is formatted and
 * nothing allocated while nobody listens.
 */

import { channel, type Channel } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { describeFrame } from './frame.ts';

/** One frame, as published on the channel `pipework:mux:frame`. */
export interface FrameEvent {
  /** The session's name and number in this process: `host#1`. */
  readonly session: string;
  readonly direction: 'sent' | 'received';
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly length: number;
}

/** Where frames are published, as {@link FrameEvent}. */
export const frameChannel: Channel = channel('pipework:mux:frame');

type Told = Omit<FrameEvent, 'session' | 'direction'>;

/** Publishes one session's frames; the caller has asked whether anybody listens. */
export class FramePublisher {
  readonly #session: string;
  readonly #leaving: Told[] = [];

  constructor(session: string) {
    this.#session = session;
  }

  received(frame: Told): void {
    this.#publish('received', frame);
  }

  /** Keeps a frame until {@link leave}: whoever hears of it may write, and must not in the middle of the next one. */
  add(frame: Told): void {
    this.#leaving.push(frame);
  }

  /** Frames are kept. */
  get areLeaving(): boolean {
    return this.#leaving.length > 0;
  }

  /** Publishes them as sent. What a listener writes meanwhile may leave too, and is told behind them. */
  leave(): void {
    while (this.#leaving.length > 0) this.#publish('sent', this.#leaving.shift()!);
  }

  #publish(direction: FrameEvent['direction'], { type, flags, streamId, length }: Told): void {
    const event: FrameEvent = { session: this.#session, direction, type, flags, streamId, length };
    frameChannel.publish(event);
  }
}

/** One frame the way people speak: `host#1/5 WindowUpdate ACK +262144`. */
export function describeEvent(event: FrameEvent): string {
  const where = event.streamId === 0 ? event.session : `${event.session}/${event.streamId}`;
  return `${where} ${describeFrame(event)}`;
}

/** True where a comma separated list of debug words names this package. */
export function isDebugged(words: string | undefined): boolean {
  return (words ?? '').split(',').some((word) => word.trim() === 'mux');
}

let printing = false;

/** Prints frames from now on, once a process, where the environment asks for it. */
export function printFramesIfAsked(): void {
  if (printing || !isDebugged(process.env['PIPEWORK_DEBUG'])) return;
  printing = true;
  frameChannel.subscribe((message) => {
    const event = message as FrameEvent;
    const time = new Date().toISOString().slice(11, 23);
    const arrow = event.direction === 'sent' ? '>' : '<';
    print(`mux ${time} ${arrow} ${describeEvent(event)}\n`);
  });
}

/** To the descriptor itself: process.stderr may be carried by the very session whose frames these are. */
function print(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // Standard error is closed, or a full non-blocking pipe: a debug line is not worth a failure.
  }
}
