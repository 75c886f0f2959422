/** Faults between any two streams, without a connection of the kit around them. */
import { pipeline, type Duplex, type Readable, type Writable } from 'node:stream';
import { BytePipe } from '../memory/byte-pipe.ts';
import type { Fault } from './fault.ts';

/** Reads `source` through `faults`; the end and the loss of one end reach the other. */
export function readThrough(source: Readable, ...faults: Fault[]): Readable {
  const pipe = new BytePipe({ faults });
  // How it went is told by the ends themselves: the reader sees the end of file or the error.
  pipeline(source, pipe.writable, () => undefined);
  return pipe.readable;
}

/** A Writable whose bytes reach `sink` through `faults`. */
export function writeThrough(sink: Writable | Duplex, ...faults: Fault[]): Writable {
  const pipe = new BytePipe({ faults });
  pipeline(pipe.readable, sink, () => undefined);
  return pipe.writable;
}
