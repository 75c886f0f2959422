// The honest plugin of the reliability programs. It has one method for each kind of work that a death or a
// fault can interrupt.
import { createHash } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import { writeSync } from 'node:fs';

/** @param {{ signal: AbortSignal, stdout?: import('node:stream').Writable }} context */
export function worker(context) {
  setMaxListeners(Infinity, context.signal); // A test may let any number of calls hang.
  const printed = context.stdout ?? process.stdout;
  return {
    echo: (value) => value,
    fail: (message) => {
      throw Object.assign(new RangeError(message), { code: 'WORKER_FAILED', detail: { deep: [1, 2] } });
    },
    print: async (text) => {
      if (!printed.write(text)) await once(printed, 'drain');
    },

    log: (text) => console.log(text),

    /** Never answers. Rejects when the caller cancels or the host is gone. */
    hang: (options) =>
      new Promise((_, reject) => {
        const signals = [context.signal, options?.signal].filter((signal) => signal !== undefined);
        const stop = () => {
          // A listener that is not removed from the context's signal lives until the plugin ends.
          for (const signal of signals) signal.removeEventListener('abort', stop);
          reject(Object.assign(new Error('hang was stopped'), { code: 'WORKER_STOPPED' }));
        };
        for (const signal of signals) signal.addEventListener('abort', stop);
      }),

    /**
     * Blocks the event loop for `ms`, or without end. If `sign` is given, writes it to descriptor 1 first.
     */
    spin: (ms = Infinity, sign = '') => {
      if (sign) writeSync(1, `${sign}\n`);
      for (const end = performance.now() + ms; performance.now() < end;);
    },

    async *count(to) {
      for (let i = 1; i <= to; i++) yield i;
    },
    async each(items, visit) {
      let sum = 0;
      for (const [index, item] of items.entries()) sum += (await visit(item, index)) ?? 0;
      return sum;
    },
    async sum(numbers) {
      let sum = 0;
      for await (const number of numbers) sum += number;
      return sum;
    },

    /** Uses the service `files` of the host in the way that `how` names. */
    ask: async (how) => {
      const files = await context.host.dispense(how === 'unknown' ? 'nothing' : 'files');
      try {
        if (how === 'read') return await files.read('a.txt');
        if (how === 'each') return await files.each([1, 2, 3], (item) => item * 2);
        let taken = 0;
        for await (const _ of files.count(how === 'early' ? 1e9 : 20)) if (++taken === 40) break;
        return taken;
      } finally {
        files[Symbol.dispose]();
      }
    },

    /** Reads a byte stream to its end. With `pauseMs`, pauses between two chunks, like a slow consumer. */
    async digest(bytes, pauseMs = 0) {
      const hash = createHash('sha256');
      let length = 0;
      for await (const chunk of bytes) {
        hash.update(chunk);
        length += chunk.length;
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      return { length, sha256: hash.digest('hex') };
    },
    /** Returns a byte stream of the given length, which is made chunk by chunk as it is read. */
    produce: (length, chunkSize = 65_536) => patternStream(length, chunkSize),

    /** Returns the memory in use. With --expose-gc, collects garbage first. */
    memory: () => {
      globalThis.gc?.();
      return process.memoryUsage();
    },
    pid: () => process.pid,
  };
}

/**
 * Returns bytes of a pattern. Byte `i` is a function of `i`, so that a lost, doubled or swapped chunk changes
 * the checksum.
 */
export function pattern(offset, length) {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = ((offset + i) * 31 + ((offset + i) >>> 8)) & 0xff;
  return bytes;
}

export function patternStream(length, chunkSize = 65_536) {
  let offset = 0;
  return new ReadableStream(
    {
      type: 'bytes',
      pull(controller) {
        if (offset >= length) return controller.close();
        const size = Math.min(chunkSize, length - offset);
        controller.enqueue(new Uint8Array(pattern(offset, size)));
        offset += size;
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * Returns the `sha256` that {@link worker}'s `digest` must answer for a {@link patternStream} of this length.
 */
export function patternDigest(length) {
  const hash = createHash('sha256');
  for (let offset = 0; offset < length; offset += 65_536) {
    hash.update(pattern(offset, Math.min(65_536, length - offset)));
  }
  return hash.digest('hex');
}
