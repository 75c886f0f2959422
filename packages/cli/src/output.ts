/** Standard output: waits until it takes more, and ends a command quietly when its reader has gone. */
import type { Io } from './io.ts';

/** The reader of standard output has gone, as `head` does when it has enough. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';

  constructor() {
    super('standard output was closed by its reader');
  }
}

/** Standard output takes nothing, as a full disk does. */
export class OutputFailed extends Error {
  override readonly name = 'OutputFailed';

  constructor(cause: Error) {
    super(`standard output takes nothing: ${cause.message}`, { cause });
  }
}

/** Writes, and resolves once the text was handed over. Rejects with {@link OutputClosed} if no reader is left. */
export function print(io: Io, content: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const { stdout } = io;
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(error.code === 'EPIPE' ? new OutputClosed() : new OutputFailed(error));
    };
    // The stream emits the error as well, and would end the process if it were not listened to.
    stdout.once('error', failed);
    stdout.write(content, (error) => {
      if (error) return failed(error);
      stdout.off('error', failed);
      resolve();
    });
  });
}
