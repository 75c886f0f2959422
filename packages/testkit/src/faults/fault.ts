/** Defines a fault as a pure function from bytes to events, and chains several faults. */

/**
 * One event in a direction: bytes arrive, wait or stall, or the direction ends. Events take effect in order.
 */
export type FaultEvent =
  | { readonly bytes: Uint8Array }
  /** Everything after this event waits this number of milliseconds. */
  | { readonly waitMs: number }
  /** Further bytes wait until the test resumes the direction. */
  | { readonly stall: true }
  /** The direction ends here, like a closed pipe or a broken pipe. Everything after this event is dropped. */
  | { readonly end: 'eof' | 'error' };

/** A fault that is active on one direction of one connection. */
export interface FaultStep {
  /** Receives a chunk that the sender wrote, and returns the events that replace the chunk, in order. */
  push(chunk: Uint8Array): Iterable<FaultEvent>;
  /**
   * Called when the sender has ended. Returns the bytes that the step held back. The event that ends the
   * direction follows automatically.
   */
  end?(): Iterable<FaultEvent>;
}

/**
 * A planned fault. A fault may be given to any number of connections, and starts from the beginning on each
 * connection.
 */
export interface Fault {
  /** The fault's name with its numbers, for transcripts and messages: `cut after 100 bytes`. */
  readonly name: string;
  /** Begins the fault for one direction of one connection. */
  begin(): FaultStep;
}

/** Combines several faults into one. Each fault receives the bytes that the fault before it lets through. */
export function chain(faults: readonly Fault[]): FaultStep {
  let hasEnded = false;
  const steps = faults.map((fault) => fault.begin());
  function* pass(events: Iterable<FaultEvent>, from: number): Generator<FaultEvent> {
    const step = steps[from];
    for (const event of events) {
      if (hasEnded) return;
      if (step !== undefined && 'bytes' in event) {
        yield* pass(step.push(event.bytes), from + 1);
        continue;
      }
      hasEnded = 'end' in event;
      yield event;
    }
  }
  return {
    push: (chunk) => pass([{ bytes: chunk }], 0),
    *end() {
      for (const [i, step] of steps.entries()) if (step.end) yield* pass(step.end(), i + 1);
    },
  };
}
