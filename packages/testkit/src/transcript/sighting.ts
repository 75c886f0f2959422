/** One thing that was seen on the wire, before its line is made, and which of them say something. */
import { FIN, RST, type Frame } from '../wire/yamux.ts';
import type { Direction, Phrase } from './stream-reader.ts';

/** What was seen: its line is made when it is looked at. */
export interface Sighting {
  /** Milliseconds since the transcript began. */
  readonly at: number;
  readonly direction: Direction;
  /** Undefined for what is no frame. */
  readonly frame: Frame | undefined;
  /** On the frame itself, then on what became whole with it. */
  readonly phrases: readonly Phrase[];
}

/** Leaves out frames that say nothing to a person: credit, and the parts of a message that became whole in a later frame. */
export function withoutBare(sightings: readonly Sighting[]): Sighting[] {
  const isWhole = new Set<string>();
  return sightings
    .toReversed()
    .filter((sighting) => saysSomething(sighting, isWhole))
    .toReversed();
}

/** Asked from the last to the first. `isWhole` has the directions of streams in which something became whole later. */
function saysSomething({ frame, direction, phrases }: Sighting, isWhole: Set<string>): boolean {
  if (frame === undefined || (frame.type !== 'data' && frame.type !== 'window-update')) return true;
  const key = `${direction} ${String(frame.id)}`;
  const saysMore = phrases.length > 1 || (frame.flags & (FIN | RST)) !== 0;
  const isPart = frame.type === 'data' && frame.length > 0 && !isWhole.has(key);
  if (frame.type === 'data' && frame.length > 0) isWhole.add(key);
  return saysMore || isPart;
}
