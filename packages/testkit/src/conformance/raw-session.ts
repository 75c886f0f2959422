/**
 * The yamux session of a host that does not use core. This session uses the bare pipes, and checks every rule
 * of section 4 of docs/protocol.md.
 */
import {
  ACK,
  describeFrame,
  encodeFrame,
  FIN,
  FrameReader,
  type FrameParts,
  initialWindow,
  RST,
  SYN,
  type Frame,
} from '../wire/yamux.ts';
import { withPatience } from './patience.ts';
import { expectWithin, notWithin, type RawPlugin } from './raw-plugin.ts';
import { RawStream, WaitFailure, type AwaitedCall, type StreamSession } from './raw-stream.ts';
import { CheckFailure } from './verdict.ts';

/**
 * The credit that the real host grants in the frame that opens or acknowledges a stream. With this credit,
 * the window of the stream is one mebibyte.
 */
export const openingCredit: number = 1024 * 1024 - initialWindow;
/** The most bytes that a data frame may carry. */
const largestFrame = 64 * 1024;
/**
 * The value of the ping at the end of a check, and how long the check waits for its answer, in milliseconds.
 */
const lastPing = 0x1a57;
const lastPingMs = 1_000;

/** Wakes all waits when frames arrive, so that each wait tests its condition again. */
class Bell {
  #waiting: (() => void)[] = [];
  ring(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}

export class RawSession implements StreamSession {
  readonly plugin: RawPlugin;
  readonly streams: Map<number, RawStream> = new Map();
  /** The streams that the plugin opened. */
  readonly theirs: RawStream[] = [];
  /** A sentence for each rule that the plugin broke. The bench looks at the list when a check ends. */
  readonly violations: string[] = [];
  readonly pongs: number[] = [];
  goAway: number | undefined;
  /** True if the session answers the plugin's pings. */
  answersPings = true;
  #hasEnded = false;
  #failure: CheckFailure | undefined;
  #nextId = 1;
  readonly #frames: FrameReader = new FrameReader();
  readonly #bell: Bell = new Bell();

  constructor(plugin: RawPlugin) {
    this.plugin = plugin;
    plugin.takeUpstream((chunk) => {
      for (const frame of this.#frames.push(chunk)) this.#onFrame(frame);
      this.#bell.ring();
    });
    void plugin.upstreamEnded.then(() => {
      this.#hasEnded = true;
      if (this.#frames.pendingBytes > 0) this.violations.push('its bytes ended in the middle of a frame');
      this.#bell.ring();
    });
  }

  /** How many bytes of an incomplete frame have arrived. */
  get partialBytes(): number {
    return this.#frames.pendingBytes;
  }

  /**
   * Makes every wait fail. Call this function if the bytes from the plugin cannot be read any further. `what`
   * completes "expected ...".
   */
  fail(what: string): void {
    this.#failure ??= new CheckFailure(`expected ${what}`);
  }

  send(frame: FrameParts): void {
    this.plugin.write(encodeFrame(frame));
  }

  /**
   * Opens the host's next stream. Its first frame is a data frame with the bytes `first`, or an empty window
   * update if `first` is undefined.
   */
  open(first?: Uint8Array, flags = 0): RawStream {
    const stream = this.#add();
    if (first === undefined) this.send({ type: 'window-update', flags: SYN | flags, id: stream.id });
    else stream.send(first, SYN | flags);
    return stream;
  }

  /** Opens the host's next stream as the real host does: with credit in its first frame, which has no data. */
  openWide(): RawStream {
    const stream = this.#add();
    stream.theirCredit += openingCredit;
    this.send({ type: 'window-update', flags: SYN, id: stream.id, length: openingCredit });
    return stream;
  }

  /** Opens the host's next stream and finishes it in the same frame. */
  openFinished(bytes: Uint8Array): RawStream {
    return this.open(bytes, FIN);
  }

  /** Opens the host's next stream and resets it in the same frame. */
  openReset(bytes?: Uint8Array): RawStream {
    const stream = this.open(bytes, RST);
    stream.isDropped = true;
    return stream;
  }

  /**
   * Sends a ping, and reads everything that the plugin sends before it answers the ping. The plugin may break
   * a rule even after the last answer that the check waited for.
   */
  async settle(): Promise<void> {
    if (this.#hasEnded || this.goAway !== undefined) return;
    this.send({ type: 'ping', flags: SYN, length: lastPing });
    // Another check tests whether the plugin answers pings, so a missing answer does not matter here.
    await this.until(() => this.pongs.includes(lastPing), 'a pong', lastPingMs).catch(() => undefined);
  }

  /**
   * Waits until `holds()` returns true. `what` completes "expected ...". If the check waits for the answer to
   * a call, `call` names this call.
   */
  async until(
    holds: () => boolean,
    what: string,
    ms: number = this.plugin.target.timeoutMs,
    call?: AwaitedCall,
  ): Promise<void> {
    const waiting = (async () => {
      while (!holds()) {
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#hasEnded)
          throw new WaitFailure(`expected ${what}; the plugin ended its side of the pipes`, this, call);
        await this.#bell.next();
      }
    })();
    await withPatience(waiting, ms, (waited) => new WaitFailure(notWithin(what, ms, waited), this, call));
  }

  /**
   * Waits until the plugin ends the session, either by a go-away that names an error or by the end of its
   * bytes.
   */
  async untilOver(what: string): Promise<void> {
    await expectWithin(
      (async () => {
        while (!this.#hasEnded && (this.goAway ?? 0) === 0) await this.#bell.next();
      })(),
      this.plugin.target.timeoutMs,
      what,
    );
  }

  #add(): RawStream {
    const stream = new RawStream(this, this.#nextId);
    this.#nextId += 2;
    this.streams.set(stream.id, stream);
    return stream;
  }

  #onFrame(frame: Frame): void {
    if (frame.version !== 0) this.fail(`frames of version 0; got one of version ${String(frame.version)}`);
    switch (frame.type) {
      case 'ping':
        if (frame.flags & ACK) this.pongs.push(frame.length);
        else if (this.answersPings) this.send({ type: 'ping', flags: ACK, length: frame.length });
        return;
      case 'go-away':
        this.goAway = frame.length;
        return;
      case 'data':
      case 'window-update':
        this.#onStreamFrame(frame);
        return;
      default:
        this.fail(`frames of the types 0 to 3; got one of type ${String(frame.type)}`);
    }
  }

  #onStreamFrame(frame: Frame): void {
    if (frame.flags & SYN) this.#onOpen(frame.id);
    const stream = this.streams.get(frame.id);
    if (stream === undefined) {
      this.violations.push(
        `it sent ${describeFrame(frame)} on stream ${String(frame.id)}, which neither side opened`,
      );
      return;
    }
    if (frame.flags & ACK) stream.acks++;
    if (stream.acks > 1) this.violations.push(`it acknowledged stream ${String(frame.id)} more than once`);
    if (frame.type === 'window-update') {
      stream.ourCredit += frame.length;
      if (!(frame.flags & ACK)) stream.grantedBytes += frame.length;
    } else if (stream.hasFinished)
      this.violations.push(`it sent data on stream ${String(frame.id)} after its FIN`);
    else {
      if (frame.length > largestFrame)
        this.violations.push(`it sent ${describeFrame(frame)}: 64 KiB is the most`);
      stream.take(frame.payload);
    }
    if (frame.flags & FIN) stream.hasFinished = true;
    if (frame.flags & RST) stream.wasReset = true;
  }

  #onOpen(id: number): void {
    if (id % 2 !== 0 || id === 0)
      this.violations.push(`it opened stream ${String(id)}: a plugin's streams are even`);
    else if (this.streams.has(id)) this.violations.push(`it opened stream ${String(id)} twice`);
    const stream = new RawStream(this, id);
    stream.acks = 0;
    // The credit in the acknowledgement is enough for every call of the plugin, so the session grants no
    // more.
    stream.autoCredit = false;
    stream.theirCredit += openingCredit;
    this.streams.set(id, stream);
    this.theirs.push(stream);
    this.send({ type: 'window-update', flags: ACK, id, length: openingCredit });
  }
}
