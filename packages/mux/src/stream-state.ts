/**
 * The state of a stream: three independent facts, and the reset that ends them all. This code has no side
 * effects, and knows neither frames nor queues.
 *
 *     opening    queued ──▶ syn-due ──▶ syn-sent ──▶ open     we opened it; `queued` waits for answers to other streams
 *                unaccepted ──▶ ack-due ──▶ open              the peer opened it
 *     sending    open ──▶ fin-due ──▶ finished                our half: end() was called, FIN went out
 *     receiving  open ──▶ finished                            the peer's half: its FIN came
 *     ended      both halves finished, or a reset by either side, at any time
 *
 * Opening and half-closing are independent: if the peer's FIN came before the stream was accepted, the ACK is
 * due nevertheless.
 */

export type Opening = 'queued' | 'syn-due' | 'syn-sent' | 'unaccepted' | 'ack-due' | 'open';
/** How a stream begins. The first two are for our streams, and the third is for streams of the peer. */
export type InitialOpening = 'queued' | 'syn-due' | 'unaccepted';
export type Sending = 'open' | 'fin-due' | 'finished';
export type Receiving = 'open' | 'finished';

export class StreamState {
  opening: Opening;
  sending: Sending = 'open';
  receiving: Receiving = 'open';
  /** True if the stream is over: both halves have finished, it was reset, or its session has ended. */
  isClosed = false;

  constructor(opening: InitialOpening) {
    this.opening = opening;
  }

  /**
   * True if both halves have finished, or if the stream was closed. From then on, we send nothing and skip
   * every frame that arrives.
   */
  get hasEnded(): boolean {
    return this.isClosed || (this.sending === 'finished' && this.receiving === 'finished');
  }

  /** True if data frames may be sent. */
  get maySend(): boolean {
    return !this.isClosed && this.sending !== 'finished' && this.opening !== 'queued';
  }

  /** True if the peer knows this stream. From then on, the peer must be told when the stream ends. */
  get isKnownToPeer(): boolean {
    return this.opening !== 'queued' && this.opening !== 'syn-due';
  }

  /** Makes SYN due if the stream is queued. Otherwise does nothing. */
  leaveQueue(): void {
    if (this.opening === 'queued') this.opening = 'syn-due';
  }

  /** Accepts the stream, so that its ACK is due. Returns false if the stream does not wait to be accepted. */
  accept(): boolean {
    if (this.opening !== 'unaccepted' || this.isClosed) return false;
    this.opening = 'ack-due';
    return true;
  }

  /** Returns the opening flag that is due, and marks it as sent. Each flag is returned exactly once. */
  takeOpeningFlag(): 'SYN' | 'ACK' | undefined {
    if (this.opening === 'syn-due') {
      this.opening = 'syn-sent';
      return 'SYN';
    }
    if (this.opening === 'ack-due') {
      this.opening = 'open';
      return 'ACK';
    }
    return undefined;
  }

  /**
   * Notes that a frame of any kind arrived, which proves that the peer knows the stream. Returns true for the
   * first such frame if we opened the stream.
   */
  receiveAny(): boolean {
    if (this.opening !== 'syn-sent') return false;
    this.opening = 'open';
    return true;
  }

  /** Notes that end() was called. Returns false if it was called before or the stream is closed. */
  finish(): boolean {
    if (this.sending !== 'open' || this.isClosed) return false;
    this.sending = 'fin-due';
    return true;
  }

  /** FIN was sent. */
  sendFin(): void {
    this.sending = 'finished';
  }

  /** The peer's FIN arrived. */
  receiveFin(): void {
    this.receiving = 'finished';
  }

  /** The stream is over, however it ended. */
  close(): void {
    this.isClosed = true;
  }
}
