/**
 * The state of a stream: three independent facts, and the reset that ends them all. Pure: knows no frames, no queues.
 *
 *     opening    queued ──▶ syn-due ──▶ syn-sent ──▶ open     we opened it; `queued` waits for the peer to take others
 *                unaccepted ──▶ ack-due ──▶ open              the peer opened it
 *     sending    open ──▶ fin-due ──▶ finished                our half: end() was called, FIN went out
 *     receiving  open ──▶ finished                            the peer's half: its FIN came
 *     over       both halves finished, or a reset by either side, at any time
 *
 * Opening and half-close do not touch each other: a stream whose FIN came before it was accepted still owes its ACK.
 */

export type Opening = 'queued' | 'syn-due' | 'syn-sent' | 'unaccepted' | 'ack-due' | 'open';
export type Sending = 'open' | 'fin-due' | 'finished';
export type Receiving = 'open' | 'finished';

export class StreamState {
  opening: Opening;
  sending: Sending = 'open';
  receiving: Receiving = 'open';
  wasReset = false;

  constructor(opening: 'queued' | 'syn-due' | 'unaccepted') {
    this.opening = opening;
  }

  /** Both halves finished, or reset: nothing more is sent, and what comes is skipped. */
  get isOver(): boolean {
    return this.wasReset || (this.sending === 'finished' && this.receiving === 'finished');
  }

  /** Data frames may go out. */
  get maySend(): boolean {
    return !this.wasReset && this.sending !== 'finished' && this.opening !== 'queued';
  }

  /** The peer knows of this stream: to end it, it must be told. */
  get isKnownToPeer(): boolean {
    return this.opening !== 'queued' && this.opening !== 'syn-due';
  }

  /** The peer has taken fewer than it may leave waiting: the stream opens. */
  leaveQueue(): void {
    if (this.opening === 'queued') this.opening = 'syn-due';
  }

  /** The application, or the runtime for it, accepts. False where there is nothing to accept. */
  accept(): boolean {
    if (this.opening !== 'unaccepted' || this.wasReset) return false;
    this.opening = 'ack-due';
    return true;
  }

  /** The opening flag that is still to be sent. Taking it marks it as sent, so each goes out exactly once. */
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

  /** A frame of any kind came: the peer has the stream. True the first time, on a stream that we opened. */
  receiveAny(): boolean {
    if (this.opening !== 'syn-sent') return false;
    this.opening = 'open';
    return true;
  }

  /** end(). False where it was called before, or the stream is over. */
  finish(): boolean {
    if (this.sending !== 'open' || this.wasReset) return false;
    this.sending = 'fin-due';
    return true;
  }

  /** FIN went out. */
  sendFin(): void {
    this.sending = 'finished';
  }

  /** The peer's FIN came. False where it came before. */
  receiveFin(): boolean {
    if (this.receiving === 'finished') return false;
    this.receiving = 'finished';
    return true;
  }

  /** RST, ours or theirs. */
  reset(): void {
    this.wasReset = true;
  }
}
