import { Client } from '@pipework/core';
import { pathOf } from '../support/processes.mjs';

export async function open(config = {}) {
  const client = new Client({
    cmd: [process.execPath, pathOf('./child.mjs', import.meta.url)],
    stdin: 'ignore',
    ...config,
  });
  const rpc = await client.client();
  const bench = await rpc.dispense('bench');
  const opened = [];
  return {
    add: (a, b) => bench.add(a, b),
    records: (list) => bench.records(list),
    bytes: (value) => bench.bytes(value),
    stream: async (count, listener) => {
      for await (const item of bench.stream(count)) listener(item);
    },
    streamKinds: ['value', 'web', 'raw'],
    byteStreams: async (count, chunks, kind) => {
      const sizes = await Promise.all(
        Array.from({ length: count }, () => readChunks(rpc, bench, chunks, kind)),
      );
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    callbacks: (count, answer) => bench.callbacks(count, answer),
    /** Dispenses `count` services, each on a stream of its own. */
    services: (count) => Promise.all(Array.from({ length: count }, () => rpc.dispense('bench'))),
    /** Opens more idle streams, until `count` of them are open. The stream of the service is not counted. */
    openStreams: async (count) => {
      const ids = await bench.acceptStreams(count - opened.length);
      opened.push(...(await Promise.all(ids.map((id) => rpc.broker.dial(id)))));
    },
    pids: [client.pid],
    close: () => client.kill(),
  };
}

/** Reads one stream of chunks to its end, and returns how many bytes came. */
async function readChunks(rpc, bench, chunks, kind) {
  let bytes = 0;
  if (kind === 'raw') {
    const stream = await rpc.broker.dial(await bench.rawChunks(chunks));
    for await (const chunk of stream) bytes += chunk.length;
    stream.end();
  } else {
    for await (const chunk of bench[`${kind}Chunks`](chunks)) bytes += chunk.length;
  }
  return bytes;
}
