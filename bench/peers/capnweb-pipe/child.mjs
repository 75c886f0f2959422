import { RpcSession, RpcTarget } from 'capnweb';
import * as service from '../../lib/service.mjs';
import { item } from '../../lib/values.mjs';
import { capnwebTransport } from '../support/capnweb.mjs';
import { childPipes } from '../support/processes.mjs';

class Service extends RpcTarget {
  add(a, b) {
    return service.add(a, b);
  }
  records(list) {
    return service.records(list);
  }
  bytes(value) {
    return service.bytes(value);
  }
  stream(count) {
    let i = 0;
    return new ReadableStream({
      pull(controller) {
        if (i < count) controller.enqueue(item(i++));
        else controller.close();
      },
    });
  }
  callbacks(count, call) {
    return service.callBack(count, (i) => call(i));
  }
}

const { readable, writable } = childPipes();
const { transport, limits } = capnwebTransport(readable, writable);
// oxlint-disable-next-line no-new -- the transport keeps the session alive
new RpcSession(transport, new Service(), { limits });
