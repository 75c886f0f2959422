/** Waits for the handshake line on a plugin's upstream pipe, and puts back the bytes that follow it. */

import type { Readable } from 'node:stream';
import { maxLineBytes, unrecognized } from '../../handshake/line.ts';

/**
 * How the wait ended: with a line, with too many bytes without a line break (`refused`), or with the pipe's
 * end.
 */
export type Greeted =
  { readonly line: string } | { readonly refused: string } | { readonly ended: true; readonly seen: string };

/**
 * Returns the promise `greeted`. It resolves at the first line break, after too many bytes without one, or at
 * the pipe's end. The bytes after the line are put back, and the pipe is paused. `greeted` never rejects: a
 * broken pipe counts as ended. `stop` ends the wait and removes the listeners. `seen` returns the bytes that
 * have arrived.
 */
export function awaitLine(pipe: Readable): {
  readonly greeted: Promise<Greeted>;
  stop(): void;
  seen(): string;
} {
  let stop = (): void => {};
  let seen = Buffer.alloc(0);
  const greeted = new Promise<Greeted>((resolve) => {
    const finish = (result: Greeted): void => {
      stop();
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf(0x0a);
      if (end === -1 && seen.byteLength <= maxLineBytes) return;
      if (end === -1 || end > maxLineBytes) {
        return finish({ refused: unrecognized(seen.toString('latin1', 0, maxLineBytes)).message });
      }
      pipe.pause();
      const rest = seen.subarray(end + 1);
      finish({ line: seen.toString('latin1', 0, end) });
      if (rest.byteLength > 0) pipe.unshift(rest);
    };
    const onEnd = (): void => finish({ ended: true, seen: seen.toString('latin1') });
    stop = () => {
      pipe.off('data', onData);
      pipe.off('end', onEnd);
      pipe.off('close', onEnd);
    };
    pipe.on('data', onData);
    pipe.once('end', onEnd);
    pipe.once('close', onEnd);
  });
  return { greeted, stop: () => stop(), seen: () => seen.toString('latin1') };
}
