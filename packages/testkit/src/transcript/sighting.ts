/** Defines an observation on the wire, and chooses the observations that are worth showing. */
import { FIN, RST, type Frame } from '../wire/yamux.ts';
import type { Direction, Phrase } from './stream-reader.ts';

/** One observation. Its line of text is made only when the transcript is read. */
export interface Sighting {
  /** Milliseconds since the transcript began. */
  readonly at: number;
  readonly direction: Direction;
  /** Undefined if the observation is not a frame. */
  readonly frame: Frame | undefined;
  /**
   * The first phrase describes the frame itself. The other phrases describe the messages that the frame
   * completed.
   */
  readonly phrases: readonly Phrase[];
}

/**
 * Leaves out frames without information for a person: credit, and the parts of a message that a later frame
 * completed.
 */
export function withoutBare(sightings: readonly Sighting[]): Sighting[] {
  const isWhole = new Set<string>();
  return sightings
    .toReversed()
    .filter((sighting) => saysSomething(sighting, isWhole))
    .toReversed();
}

/**
 * True if the observation is worth showing. Call this function with the newest observation first. `isWhole`
 * collects the directions of streams in which a later frame carried data.
 */
function saysSomething({ frame, direction, phrases }: Sighting, isWhole: Set<string>): boolean {
  if (frame === undefined || (frame.type !== 'data' && frame.type !== 'window-update')) return true;
  const key = `${direction} ${String(frame.id)}`;
  const saysMore = phrases.length > 1 || (frame.flags & (FIN | RST)) !== 0;
  const isPart = frame.type === 'data' && frame.length > 0 && !isWhole.has(key);
  if (frame.type === 'data' && frame.length > 0) isWhole.add(key);
  return saysMore || isPart;
}
