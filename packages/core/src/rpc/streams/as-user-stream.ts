/**
 * Makes the object that the user gets for a stream of the peer: an iterator, a Node stream or a web stream.
 */
import { Readable } from 'node:stream';
import type { StreamHost, TakenOwner } from './stream-host.ts';
import { ignoreError, type StreamKind } from '../sources/stream-kind.ts';
import { TakenStream, type TakenStreamEvents } from './taken-stream.ts';

/**
 * Makes a taken stream with this broker id, and the user's object for it. `owner` is the call that the stream
 * belongs to.
 */
export function takeStream(
  kind: StreamKind,
  id: number,
  host: StreamHost,
  owner: TakenOwner,
  events: TakenStreamEvents,
): { value: object; stream: TakenStream } {
  const stream = new TakenStream(id, host, owner, events);
  if (kind === 'webStream') return { value: toWebStream(stream), stream };
  if (kind === 'iterable') return { value: stream, stream };
  return { value: toReadable(stream, kind === 'objectReadable'), stream };
}

function toReadable(stream: TakenStream, objectMode: boolean): Readable {
  const readable = new Readable({
    objectMode,
    read() {
      stream.next().then(
        (step) => this.push(step.done === true ? null : step.value),
        (error: unknown) => this.destroy(error as Error),
      );
    },
    destroy(error, callback) {
      stream.cancel(error ?? undefined).then(
        () => callback(error),
        (failure: unknown) => callback(error ?? (failure as Error)),
      );
    },
  });
  stream.readable = readable;
  // The stream fails if the call is cancelled or the peer exits. Without a listener for 'error', this would
  // end the process of a user who reads the stream by 'data' and 'end' only.
  return readable.on('error', ignoreError);
}

function toWebStream(stream: TakenStream): ReadableStream<unknown> {
  // In some test environments there is no global ReadableStream, and a plugin rarely needs the module.
  const { ReadableStream } = process.getBuiltinModule('node:stream/web');
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const step = await stream.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      async cancel(reason) {
        await stream.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
