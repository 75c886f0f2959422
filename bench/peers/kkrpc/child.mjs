import { NodeIo, RPCChannel } from 'kkrpc';
import * as service from '../../lib/service.mjs';
import { fromText, toText } from '../support/messages.mjs';

const expose = {
  add: service.add,
  records: service.records,
  bytes: (text) => toText(service.bytes(fromText(text))),
  stream: (count, listener) => service.produce(count, listener).then(() => true),
};
process.stdin.on('end', () => process.exit());
const channel = new RPCChannel(new NodeIo(process.stdin, process.stdout));
channel.expose(expose);
