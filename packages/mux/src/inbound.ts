/**
 * Handles the peer's frames. All rules about which frames are accepted, skipped or refused are here. The peer
 * is untrusted. Nothing is allocated for a frame before it has been checked. If a fault concerns one stream
 * only, and the session can safely continue, only that stream is reset.
 */

import { type MuxError, protocolFault } from './errors.ts';
import { describeFlags, Flag, FrameType, INITIAL_WINDOW, VERSION, type FrameHeader } from './frame.ts';
import type { FrameSink } from './frame-decoder.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { LeanStream } from './lean-stream.ts';
import type { SessionSettings } from './options.ts';
import type { Pings } from './pings.ts';
import type { StreamTable } from './stream-table.ts';

/** The effects that the peer's frames have on the session as a whole. */
export interface InboundHome {
  onFrame(header: FrameHeader): void;
  /** Ends the session, because the peer broke the protocol. */
  fault(error: MuxError): void;
  /** True if the session accepts one more stream of the peer. */
  mayAdmit(): boolean;
  /** The peer opened a stream. */
  onOpened(stream: LeanStream): void;
  onGoAway(code: number): void;
}

/** The objects that the rules act on. */
export interface InboundParts {
  readonly settings: SessionSettings;
  readonly table: StreamTable;
  readonly writer: FrameWriter;
  readonly pings: Pings;
}

export class Inbound implements FrameSink {
  readonly #home: InboundHome;
  readonly #table: StreamTable;
  readonly #settings: SessionSettings;
  readonly #writer: FrameWriter;
  readonly #pings: Pings;
  /** The stream that the current payload belongs to; undefined while payload is skipped. */
  #current: LeanStream | undefined;
  #finFollows = false;

  constructor(home: InboundHome, { settings, table, writer, pings }: InboundParts) {
    this.#home = home;
    this.#settings = settings;
    this.#table = table;
    this.#writer = writer;
    this.#pings = pings;
  }

  onHeader(header: FrameHeader): void {
    this.#home.onFrame(header);
    const { version, type } = header;
    if (version !== VERSION) {
      const hint = 'the other end does not speak yamux, or something else writes to this pipe';
      this.#fault('MUX_BAD_VERSION', `expected a yamux frame of version 0, got version ${version}: ${hint}`);
    } else if (type === FrameType.Data) {
      this.#onData(header);
    } else if (type === FrameType.WindowUpdate) {
      this.#onWindowUpdate(header);
    } else if (type === FrameType.Ping) {
      if ((header.flags & Flag.SYN) !== 0) this.#writer.reply(FrameType.Ping, Flag.ACK, 0, header.length);
      else this.#pings.onAnswer(header.length);
    } else if (type === FrameType.GoAway) {
      this.#home.onGoAway(header.length);
    } else {
      this.#fault('MUX_BAD_TYPE', `expected a frame type from 0 to 3, got ${type}`);
    }
  }

  onPayload(chunk: Uint8Array, start: number, end: number, isLast: boolean): void {
    const stream = this.#current;
    // If the stream was reset meanwhile, the rest of its frame is skipped.
    if (stream === undefined || stream.record.state.isClosed) return;
    const isEnd = isLast && this.#finFollows;
    stream.receive(chunk, start, end);
    if (isEnd && !stream.record.state.isClosed) this.#finish(stream);
  }

  #onData(header: FrameHeader): void {
    const { streamId, flags, length } = header;
    this.#current = undefined;
    const stream = this.#streamOf(header);
    if (stream === undefined) {
      // The frame was under way when its stream ended. Even then, a correct peer sends no frame longer than
      // our largest window.
      if (length > this.#settings.maxStreamWindowSize) {
        const most = this.#settings.maxStreamWindowSize;
        const what = `a data frame of ${length} bytes for stream ${streamId}, which is not open; no window is above ${most}`;
        this.#fault('MUX_FRAME_TOO_LARGE', what, streamId);
      }
      return;
    }
    const { state, receiveWindow } = stream.record;
    const hasFin = (flags & Flag.FIN) !== 0;
    if (state.receiving === 'finished' && (hasFin || length > 0)) {
      this.#table.fail(
        stream,
        'MUX_DATA_AFTER_FIN',
        `received ${hasFin ? 'a second FIN' : 'data'} after FIN`,
      );
      return;
    }
    if (!receiveWindow.accept(length)) {
      const what = `stream ${streamId} received ${length} bytes, and its window had room for ${receiveWindow.promised}`;
      this.#fault('MUX_WINDOW_EXCEEDED', what, streamId);
      return;
    }
    if (length > 0) {
      this.#current = stream;
      this.#finFollows = hasFin;
    } else if (hasFin) {
      this.#finish(stream);
    }
  }

  #onWindowUpdate(header: FrameHeader): void {
    const stream = this.#streamOf(header);
    // Credit may still arrive after both sides have finished a stream. This is no fault.
    if (stream === undefined) return;
    const { state, sendWindow } = stream.record;
    if (!sendWindow.grant(header.length)) {
      this.#table.fail(
        stream,
        'MUX_WINDOW_OVERFLOW',
        `was granted ${header.length} bytes, more than 32 bits hold`,
      );
      return;
    }
    if ((header.flags & Flag.FIN) !== 0) {
      if (state.receiving === 'finished') {
        this.#table.fail(stream, 'MUX_DATA_AFTER_FIN', 'received a second FIN');
        return;
      }
      this.#finish(stream);
    }
    if (!state.hasEnded) this.#table.scheduler.wake(stream.record);
  }

  /**
   * Applies the frame's SYN, ACK and RST. Returns the frame's stream, or undefined if the stream does not
   * exist or was just reset.
   */
  #streamOf(header: FrameHeader): LeanStream | undefined {
    const { streamId, flags } = header;
    let stream = this.#table.get(streamId);
    if ((flags & Flag.SYN) !== 0) {
      stream = this.#admit(header, stream);
    } else if (stream !== undefined && stream.record.state.receiveAny()) {
      this.#table.onAnswered(stream);
    }
    // A handler that was called for the opening or the answer may have reset the stream.
    if (stream === undefined || stream.record.state.isClosed) return undefined;
    if ((flags & Flag.RST) === 0) return stream;
    this.#table.resetByPeer(stream);
    return undefined;
  }

  #admit(header: FrameHeader, existing: LeanStream | undefined): LeanStream | undefined {
    const { streamId, flags, type, length } = header;
    if (!this.#table.isPeers(streamId)) {
      const { role } = this.#settings;
      const hint =
        streamId === 0
          ? 'id 0 is the session itself'
          : `this end is the ${role}, and only this end may use ids of that parity: both ends were given the role '${role}'`;
      this.#fault('MUX_BAD_STREAM_ID', `the peer opened stream ${streamId}: ${hint}`, streamId);
    } else if (existing !== undefined) {
      this.#fault('MUX_DUPLICATE_STREAM', `the peer opened stream ${streamId}, which is open`, streamId);
    } else if (type === FrameType.Data && length > INITIAL_WINDOW) {
      const what = `stream ${streamId} was opened with ${length} bytes (${describeFlags(flags)})`;
      this.#fault('MUX_WINDOW_EXCEEDED', `${what}; its window has room for ${INITIAL_WINDOW}`, streamId);
    } else if ((flags & Flag.RST) !== 0) {
      // The stream was opened and reset by one frame. Treat it as if it had never existed.
    } else if (!this.#home.mayAdmit()) {
      this.#writer.reply(FrameType.WindowUpdate, Flag.RST, streamId, 0);
    } else {
      const stream = this.#table.admit(streamId);
      this.#home.onOpened(stream);
      return stream;
    }
    return undefined;
  }

  #finish(stream: LeanStream): void {
    this.#finFollows = false;
    stream.record.state.receiveFin();
    stream.receiveEnd();
    this.#table.removeIfFinished(stream);
  }

  #fault(code: Parameters<typeof protocolFault>[0], message: string, streamId?: number): void {
    this.#home.fault(protocolFault(code, message, streamId));
  }
}
