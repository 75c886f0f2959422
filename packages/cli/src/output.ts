/**
 * Writes to standard output. Waits while the stream is full. If the stream's reader has closed it, the
 * command ends without an error message.
 */
import { CommandBroken } from './exit-status.ts';
import type { Io } from './io.ts';

/**
 * The reader of standard output has closed the stream. For example, `head` closes it when it has read enough
 * lines.
 */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';

  constructor() {
    super('standard output was closed by its reader');
  }
}

/** Standard output refuses data, for example because the disk is full. */
export class OutputFailed extends CommandBroken {
  override readonly name = 'OutputFailed';

  constructor(cause: Error) {
    super(`standard output cannot be written: ${cause.message}`, { cause });
  }
}

/**
 * Writes the content, and resolves after the stream has passed it on. Rejects with {@link OutputClosed} if
 * the reader has closed the stream, and with {@link OutputFailed} after any other error.
 */
export function print(io: Io, content: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const { stdout } = io;
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(error.code === 'EPIPE' ? new OutputClosed() : new OutputFailed(error));
    };
    // The stream emits the same error as an event. Without this listener, the event would end the process.
    stdout.once('error', failed);
    stdout.write(content, (error) => {
      if (error) return failed(error);
      stdout.off('error', failed);
      resolve();
    });
  });
}
