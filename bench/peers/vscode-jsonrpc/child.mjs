import { StreamMessageReader, StreamMessageWriter, createMessageConnection } from 'vscode-jsonrpc/node';
import * as service from '../../lib/service.mjs';
import { fromText, toText } from '../support/messages.mjs';

const connection = createMessageConnection(
  new StreamMessageReader(process.stdin),
  new StreamMessageWriter(process.stdout),
);
connection.onRequest('add', (a, b) => service.add(a, b));
connection.onRequest('records', ({ list }) => service.records(list));
connection.onRequest('bytes', (text) => toText(service.bytes(fromText(text))));
connection.onRequest('stream', (count) =>
  service.produce(count, (item) => void connection.sendNotification('item', item)).then(() => null),
);
connection.onRequest('callbacks', (count) =>
  service.callBack(count, (i) => connection.sendRequest('visit', i)),
);
connection.onClose(() => process.exit());
connection.listen();
