/**
 * Incomplete messages of a session: how many bytes they hold together, and which of their streams get further
 * credit. While these messages hold more than the budget, only one of them gets credit: the message that its
 * consumer has wanted for longest. This message always completes, because all of its received bytes are
 * credited, and the peer packed the whole message before it sent the first byte. Then the next message gets
 * credit. So nothing is reset and nothing stalls. The memory remains near the budget, because a stream
 * without further credit brings no more than its window. docs/protocol.md says why the oldest message is not
 * chosen instead.
 */

/** Bytes of unfinished messages, over all streams of a session. */
export class UnfinishedBudget {
  readonly max: number;
  /** How many bytes of memory unfinished messages use. */
  used = 0;
  /** Streams with an unfinished message that is wanted, the longest wanted first. */
  readonly #gates = new Set<CreditGate>();
  #hasWaiting = false;

  constructor(max: number) {
    this.max = max;
  }

  /** Called when the stream has an unfinished message that is wanted. Puts the stream last in order. */
  enter(gate: CreditGate): void {
    this.#gates.delete(gate);
    this.#gates.add(gate);
  }

  /** Called when the stream's message is complete, or no longer wanted. */
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

  /**
   * Gives credit to waiting streams that may have it now. Must not be called while a message is being read.
   */
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
  /** Bytes of the unfinished message that are not credited yet. */
  #withheld = 0;
  /** The number of the stream's unfinished message; 0 if there is none. */
  #unfinished = 0;
  #isWanted = true;

  /** `consume` credits bytes of the stream. */
  constructor(budget: UnfinishedBudget, consume: (bytes: number) => void) {
    this.#budget = budget;
    this.#consume = consume;
  }

  /**
   * True if the consumer waits for the unfinished message. If not, the message gets no credit, and delays no
   * other message.
   */
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

  /**
   * Called when bytes have been read. `unfinished` is the number of the message that these bytes left
   * unfinished; 0 if there is none.
   */
  read(bytes: number, unfinished: number): void {
    if (unfinished === 0 && this.#unfinished === 0) {
      if (bytes > 0) this.#consume(bytes);
      return;
    }
    const isSame = unfinished === this.#unfinished;
    this.#unfinished = unfinished;
    this.#withheld += bytes;
    // The state changes before credit is given. Over pipes in memory, the peer may send more before
    // `#consume` returns.
    if (unfinished === 0) {
      this.#budget.leave(this);
      this.#credit();
    } else if (this.#isWanted) {
      if (!isSame) this.#budget.enter(this);
      this.grant();
    }
    // The previous message may have been the first in order, or the one that exceeded the budget. So other
    // streams may get credit now.
    if (!isSame) this.#budget.settle();
  }

  /** Credits the withheld bytes, if the budget has room or the message is the first in order. */
  grant(): void {
    if (this.#withheld > 0 && this.#budget.mayGrow(this)) this.#credit();
  }

  /** Called when the stream has ended. */
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
