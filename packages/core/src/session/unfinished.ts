/**
 * Messages of a session whose rest is still to come: how many bytes they hold together, and which of their streams get further
 * credit. While they hold more than the budget, only one gets credit until it is complete: among those that are waited for, the one
 * that has been for longest. It always completes, because all of its bytes that came are credited, and the peer has packed the rest
 * before it sent the first. Then it is the next one's turn. So nothing is reset, nothing stalls, and what is held stays near the
 * budget: a stream without further credit brings no more than its window. docs/protocol.md says why it is not the oldest message.
 */

/** Bytes of unfinished messages, over all streams of a session. */
export class UnfinishedBudget {
  readonly max: number;
  /** Memory that is taken for unfinished messages. */
  used = 0;
  /** Streams with an unfinished message that is wanted, the one that has been for longest first. */
  readonly #gates = new Set<CreditGate>();
  #hasWaiting = false;

  constructor(max: number) {
    this.max = max;
  }

  /** The stream has an unfinished message that is wanted: from now on it is the youngest. */
  enter(gate: CreditGate): void {
    this.#gates.delete(gate);
    this.#gates.add(gate);
  }

  /** The stream's message is complete, or not wanted any more. */
  leave(gate: CreditGate): void {
    this.#gates.delete(gate);
  }

  /** True if the stream's message may grow by more than the stream's window. */
  mayGrow(gate: CreditGate): boolean {
    const [oldest] = this.#gates;
    if (this.used <= this.max || gate === oldest) return true;
    this.#hasWaiting = true;
    return false;
  }

  /** Gives credit to the streams that waited for it and may have it now. Not to be called while a message is being read. */
  settle(): void {
    if (!this.#hasWaiting) return;
    this.#hasWaiting = false;
    for (const gate of this.#gates) gate.grant();
  }
}

/** The credit of one stream whose messages may be larger than its window. */
export class CreditGate {
  readonly #budget: UnfinishedBudget;
  readonly #consume: (bytes: number) => void;
  /** Bytes of the unfinished message that are not credited. */
  #withheld = 0;
  /** Which message of the stream is unfinished; 0 if none is. */
  #unfinished = 0;
  #isWanted = true;

  /** `consume` credits bytes of the stream. */
  constructor(budget: UnfinishedBudget, consume: (bytes: number) => void) {
    this.#budget = budget;
    this.#consume = consume;
  }

  /** Whether the unfinished message is waited for. One that is not gets no credit, and holds up no other. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  set isWanted(isWanted: boolean) {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    if (this.#unfinished === 0) return;
    if (isWanted) {
      this.#budget.enter(this);
      this.grant();
    } else {
      this.#budget.leave(this);
      this.#budget.settle();
    }
  }

  /** Bytes have been read. `unfinished` is the number of the message that is unfinished behind them, 0 for none. */
  read(bytes: number, unfinished: number): void {
    if (unfinished === 0 && this.#unfinished === 0) {
      if (bytes > 0) this.#consume(bytes);
      return;
    }
    const isSame = unfinished === this.#unfinished;
    this.#unfinished = unfinished;
    this.#withheld += bytes;
    // Changes come before credit: over pipes in memory the peer may send more before this returns.
    if (unfinished === 0) {
      this.#budget.leave(this);
      this.#credit();
    } else if (this.#isWanted) {
      if (!isSame) this.#budget.enter(this);
      this.grant();
    }
    // The message before may have been the oldest, or the one that was too much.
    if (!isSame) this.#budget.settle();
  }

  /** Credits what is withheld, if the budget has room or the message is the oldest. */
  grant(): void {
    if (this.#withheld > 0 && this.#budget.mayGrow(this)) this.#credit();
  }

  /** The stream has ended. */
  end(): void {
    this.#withheld = 0;
    this.#unfinished = 0;
    this.#budget.leave(this);
    this.#budget.settle();
  }

  #credit(): void {
    const bytes = this.#withheld;
    this.#withheld = 0;
    if (bytes > 0) this.#consume(bytes);
  }
}
