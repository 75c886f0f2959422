/** What a fault is: bytes in, events out, pure; and how several stand one behind the other. */

/** What becomes of bytes on their way. Events take effect in order. */
export type FaultEvent =
  | { readonly bytes: Uint8Array }
  /** What follows waits this long. */
  | { readonly waitMs: number }
  /** Further bytes wait until the test resumes the direction, without end if it does not. */
  | { readonly stall: true }
  /** The direction ends here: as by a closed pipe, or by a broken one. What follows is dropped. */
  | { readonly end: 'eof' | 'error' };

/** A fault at work on one direction of one connection. */
export interface FaultStep {
  /** Takes a chunk that the sender wrote, and gives what becomes of it, in order. */
  push(chunk: Uint8Array): Iterable<FaultEvent>;
  /** The sender has ended. What the step held back comes now; its own end follows by itself. */
  end?(): Iterable<FaultEvent>;
}

/** A fault by plan. It may be given to any number of connections: each begins it anew. */
export interface Fault {
  /** For transcripts and messages, with its numbers: `cut after 100 bytes`. */
  readonly name: string;
  /** Begins the fault for one direction of one connection. */
  begin(): FaultStep;
}

/** Several faults as one: what the first lets through meets the second. */
export function chain(faults: readonly Fault[]): FaultStep {
  let isOver = false;
  const steps = faults.map((fault) => fault.begin());
  function* pass(events: Iterable<FaultEvent>, from: number): Generator<FaultEvent> {
    const step = steps[from];
    for (const event of events) {
      if (isOver) return;
      if (step !== undefined && 'bytes' in event) {
        yield* pass(step.push(event.bytes), from + 1);
        continue;
      }
      isOver = 'end' in event;
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
