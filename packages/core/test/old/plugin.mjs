// A plugin that uses only features that 0.1.0 and all later versions have. It uses the version of core that
// its folder resolves.
import { once } from 'node:events';
import { callContext, serve } from '@pipework/core/plugin';

await serve({
  plugins: {
    worker: ({ broker, signal, host, protocolVersion }) => ({
      echo: (value) => value,
      version: () => protocolVersion,
      fail: () => {
        throw Object.assign(new RangeError('as asked'), { code: 'E_ASKED', path: '/x' });
      },
      print: (text) => void process.stdout.write(text),
      each: async (items, visit) => {
        const seen = [];
        for (const [index, item] of items.entries()) seen.push(await visit(item, index));
        return seen;
      },
      async *count(to) {
        for (let n = 1; n <= to; n++) yield n;
      },
      sum: async (numbers) => {
        let sum = 0;
        for await (const n of numbers) sum += n;
        return sum;
      },
      length: async (bytes) => {
        let length = 0;
        for await (const chunk of bytes) length += chunk.length;
        return length;
      },
      bytes: () => new Blob(['x']).stream(),
      drop: async (stream) => {
        await stream.cancel('not wanted');
        return 'dropped';
      },
      hold: async (numbers, begun, options) => {
        await numbers[Symbol.asyncIterator]().next();
        void begun().catch(() => {});
        if (!options.signal.aborted) await once(options.signal, 'abort');
      },
      counter: () => {
        let n = 0;
        return { next: () => ++n };
      },
      hang: async () => {
        const { signal: cancelled } = callContext();
        await once(cancelled, 'abort').catch(() => {});
        throw new Error('cancelled');
      },
      accept: async (id) => {
        const stream = await broker.dial(id);
        stream.end('by the broker');
      },
      exit: () => process.exit(7),
      isAborted: () => signal.aborted,
      /**
       * Returns the result of a call of the service `files`, or the code of the error. Returns `none` if this
       * version of core has no services.
       */
      service: async () => {
        if (host === undefined) return 'none';
        try {
          const files = await host.dispense('files');
          return await files.read('x');
        } catch (error) {
          return error.code;
        }
      },
    }),
  },
});
