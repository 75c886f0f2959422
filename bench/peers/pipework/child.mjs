import { serve } from '@pipework/core/plugin';
import * as service from '../../lib/service.mjs';
import { item } from '../../lib/values.mjs';

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
