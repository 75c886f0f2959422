/** Faults between any two streams, without a connection of the kit. */
import { pipeline, type Duplex, type Readable, type Writable } from 'node:stream';
import { BytePipe } from '../memory/byte-pipe.ts';
import type { Fault } from './fault.ts';

/** Reads `source` through `faults`. If one end ends or is lost, the other end is told. */
export function readThrough(source: Readable, ...faults: Fault[]): Readable {
  const pipe = new BytePipe({ faults });
  // The ends themselves report the result: the reader gets the end of file or the error.
  pipeline(source, pipe.writable, () => undefined);
  return pipe.readable;
}

/** Returns a Writable whose bytes reach `sink` through `faults`. */
export function writeThrough(sink: Writable | Duplex, ...faults: Fault[]): Writable {
  const pipe = new BytePipe({ faults });
  pipeline(pipe.readable, sink, () => undefined);
  return pipe.writable;
}
