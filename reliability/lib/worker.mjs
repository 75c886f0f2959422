// The honest plugin of these programs: one method for each thing that can be going on when something breaks.
import { createHash } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import { writeSync } from 'node:fs';

/** @param {{ signal: AbortSignal, stdout?: import('node:stream').Writable }} context */
export function worker(context) {
  setMaxListeners(Infinity, context.signal); // As many calls may hang as a test likes.
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

    /** Never answers, until the caller or the host is gone. */
    hang: (options) =>
      new Promise((_, reject) => {
        const signals = [context.signal, options?.signal].filter((signal) => signal !== undefined);
        const stop = () => {
          // The context's signal lives as long as the plugin: a listener that is left on it stays as long.
          for (const signal of signals) signal.removeEventListener('abort', stop);
          reject(Object.assign(new Error('hang was stopped'), { code: 'WORKER_STOPPED' }));
        };
        for (const signal of signals) signal.addEventListener('abort', stop);
      }),

    /** Blocks the event loop for `ms`, or without end; says so on raw stdout first, if it is asked to. */
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

    /** Uses the service `files` of the host in one of several ways. */
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

    /** Takes a byte stream to its end; `pauseMs` between two chunks makes it a slow consumer. */
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
    /** A byte stream of the given length; chunk by chunk as it is pulled. */
    produce: (length, chunkSize = 65_536) => patternStream(length, chunkSize),

    /** What is held after a collection, where the process was started with --expose-gc. */
    memory: () => {
      globalThis.gc?.();
      return process.memoryUsage();
    },
    pid: () => process.pid,
  };
}

/** Byte `i` is a function of `i`, so that a lost, doubled or swapped chunk changes the checksum. */
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

/** What {@link worker}'s `digest` must answer for a {@link patternStream} of this length. */
export function patternDigest(length) {
  const hash = createHash('sha256');
  for (let offset = 0; offset < length; offset += 65_536) {
    hash.update(pattern(offset, Math.min(65_536, length - offset)));
  }
  return hash.digest('hex');
}
