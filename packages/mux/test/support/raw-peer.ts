/**
 * A peer that sends single frames. It sends the frames of a test, valid or not, and keeps the frames that
 * arrive.
 */

import { expect, onTestFinished } from 'vitest';
import {
  describeFrame,
  encodeFrame,
  Flag,
  type Frame,
  FrameDecoder,
  FrameType,
  LeanSession,
  type LeanSessionOptions,
} from './internals.ts';
import { bytePair, type PairEnd, type PairOptions } from './byte-pair.ts';
import { until } from './session-pair.ts';

export type FrameSpec = Parameters<typeof encodeFrame>[0];

export const { SYN, ACK, FIN, RST } = Flag;

export const data = (streamId: number, payload: Uint8Array | string, flags = 0): FrameSpec => ({
  type: FrameType.Data,
  streamId,
  flags,
  payload: Buffer.from(payload),
});
export const update = (streamId: number, length: number, flags = 0): FrameSpec => ({
  type: FrameType.WindowUpdate,
  streamId,
  flags,
  length,
});
export const ping = (length: number, flags: number = SYN): FrameSpec => ({
  type: FrameType.Ping,
  flags,
  length,
});
export const goAway = (length: number): FrameSpec => ({ type: FrameType.GoAway, length });

export class RawPeer {
  readonly session: LeanSession;
  /** The test's end of the byte pair, and the session's end. */
  readonly end: PairEnd;
  readonly sessionEnd: PairEnd;
  /** Whole frames that have arrived, and that no check has taken yet. */
  readonly frames: Frame[] = [];
  hasEnded = false;

  constructor(options: Partial<LeanSessionOptions>, pipe?: PairOptions) {
    [this.end, this.sessionEnd] = bytePair(pipe);
    const decoder = new FrameDecoder({
      onHeader: (header) => void this.frames.push({ ...header }),
      onPayload: (chunk, start, end) => {
        const frame = this.frames.at(-1)!;
        frame.payload = Buffer.concat([frame.payload ?? new Uint8Array(0), chunk.subarray(start, end)]);
      },
    });
    this.end.on('data', (chunk: Buffer) => decoder.push(chunk));
    this.end.on('end', () => (this.hasEnded = true));
    this.end.on('error', () => {});
    this.session = new LeanSession(this.sessionEnd, { role: 'server', ...options });
  }

  /** Sends all these frames in one write. */
  send(...frames: FrameSpec[]): void {
    this.end.write(Buffer.concat(frames.map((frame) => encodeFrame(frame))));
  }

  /** Resolves with the next frame in a readable form: `1 WindowUpdate ACK +786432`. */
  async next(): Promise<string> {
    await until(() => this.frames.length > 0, 'a frame came');
    const frame = this.frames.shift()!;
    return `${frame.streamId} ${describeFrame(frame)}`;
  }

  /** Checks that the next frames are these, in this order. */
  async expects(...frames: string[]): Promise<void> {
    for (const frame of frames) expect(await this.next()).toBe(frame);
  }

  /**
   * Checks that nothing more arrives. When this resolves, the session has handled everything that was sent.
   */
  async expectsSilence(): Promise<void> {
    await settled();
    expect(this.frames.map((frame) => `${frame.streamId} ${describeFrame(frame)}`)).toEqual([]);
  }

  /** Checks that the session has ended with this code, and has sent a go-away with this reason. */
  async expectsEnd(code: string, goAway: string): Promise<void> {
    await expect(this.session.closed).rejects.toMatchObject({ code });
    await until(() => this.hasEnded, 'the session ended its half');
    expect(this.frames.map((frame) => describeFrame(frame))).toContain(`GoAway ${goAway}`);
  }
}

/**
 * Waits for twelve turns of the event loop. Over pipes in memory, the sessions have done all work by then.
 */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Makes a session, and its peer that sends single frames. By default, the session is the server. */
export function rawPeer(options: Partial<LeanSessionOptions> = {}, pipe?: PairOptions): RawPeer {
  const peer = new RawPeer(options, pipe);
  onTestFinished(async () => {
    peer.end.end();
    await peer.session.close();
    peer.end.destroy();
  });
  return peer;
}
