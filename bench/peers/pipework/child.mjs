import { once } from 'node:events';
import { serve } from '@pipework/core/plugin';
import * as service from '../../lib/service.mjs';
import { CHUNK_BYTES, item, makeBytes } from '../../lib/values.mjs';

const chunk = makeBytes(CHUNK_BYTES);

async function sendChunks(stream, count) {
  for (let i = 0; i < count; i++) if (!stream.write(chunk)) await once(stream, 'drain');
  stream.end();
}

class Bench {
  #broker;
  #streams = [];

  constructor({ broker }) {
    this.#broker = broker;
  }

  add(a, b) {
    return service.add(a, b);
  }

  records(list) {
    return service.records(list);
  }

  bytes(value) {
    return service.bytes(value);
  }

  async *stream(count) {
    for (let i = 0; i < count; i++) yield item(i);
  }

  /** Sends the same chunk `count` times, so that the making of chunks is not measured. */
  async *valueChunks(count) {
    for (let i = 0; i < count; i++) yield chunk;
  }

  webChunks(count) {
    let left = count;
    return new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(chunk);
        else controller.close();
      },
    });
  }

  /** Sends `count` chunks on a stream of the broker, and returns the stream's broker id. */
  rawChunks(count) {
    const id = this.#broker.nextId();
    void this.#broker.accept(id).then((stream) => sendChunks(stream, count), console.error);
    return id;
  }

  callbacks(count, call) {
    return service.callBack(count, call);
  }

  acceptStreams(count) {
    return Array.from({ length: count }, () => {
      const id = this.#broker.nextId();
      this.#broker.accept(id).then((stream) => this.#streams.push(stream.resume()), console.error);
      return id;
    });
  }
}

await serve({ plugins: { bench: (context) => new Bench(context) } });
