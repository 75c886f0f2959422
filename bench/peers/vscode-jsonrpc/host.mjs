import { StreamMessageReader, StreamMessageWriter, createMessageConnection } from 'vscode-jsonrpc/node';
import { fromText, toText } from '../support/messages.mjs';
import { pathOf, spawnWithStdio } from '../support/processes.mjs';

export function open() {
  const { child, pids, close } = spawnWithStdio(pathOf('./child.mjs', import.meta.url));
  const connection = createMessageConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  let onItem;
  let onCallback;
  connection.onNotification('item', (item) => onItem(item));
  connection.onRequest('visit', (value) => onCallback(value));
  connection.listen();
  return {
    add: (a, b) => connection.sendRequest('add', a, b),
    records: (list) => connection.sendRequest('records', { list }),
    bytes: async (value) => fromText(await connection.sendRequest('bytes', toText(value))),
    stream: (count, listener) => {
      onItem = listener;
      return connection.sendRequest('stream', count);
    },
    callbacks: (count, answer) => {
      onCallback = answer;
      return connection.sendRequest('callbacks', count);
    },
    pids,
    close: () => {
      connection.dispose();
      return close();
    },
  };
}
