/** Puts faults between any two streams, without a connection of the kit. */
import { pipeline, type Duplex, type Readable, type Writable } from 'node:stream';
import { BytePipe } from '../memory/byte-pipe.ts';
import type { Fault } from './fault.ts';

/**
 * Returns a Readable that reads `source` through `faults`. If one of the two streams ends or is destroyed,
 * the other one ends too.
 */
export function readThrough(source: Readable, ...faults: Fault[]): Readable {
  const pipe = new BytePipe({ faults });
  // The callback can ignore the result, because the reader gets the end of file or the error.
  pipeline(source, pipe.writable, () => undefined);
  return pipe.readable;
}

/** Returns a Writable whose bytes reach `sink` through `faults`. */
export function writeThrough(sink: Writable | Duplex, ...faults: Fault[]): Writable {
  const pipe = new BytePipe({ faults });
  pipeline(pipe.readable, sink, () => undefined);
  return pipe.writable;
}
