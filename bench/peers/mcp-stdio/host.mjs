import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { fromText, toText } from '../support/messages.mjs';
import { pathOf } from '../support/processes.mjs';

export const missing = {
  callbacks:
    'a server can ask its client only for what the protocol defines: sampling, roots and elicitation',
  'binary-64m': 'if a message is larger than 10 MiB, its reader closes the connection',
};

export async function open() {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [pathOf('./child.mjs', import.meta.url)],
    env: process.env,
  });
  const client = new Client({ name: 'bench', version: '1.0.0' });
  let onItem;
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => onItem(params.data));
  await client.connect(transport);
  const call = async (name, args) =>
    (await client.callTool({ name, arguments: args })).structuredContent.value;
  return {
    add: (a, b) => call('add', { a, b }),
    records: (list) => call('records', { list }),
    bytes: async (value) => fromText(await call('bytes', { text: toText(value) })),
    stream: (count, listener) => {
      // The client handles a notification a microtask after it has arrived, so the result can come first.
      // Therefore wait for all items, too.
      return new Promise((resolve, reject) => {
        let seen = 0;
        onItem = (item) => {
          listener(item);
          if (++seen === count) resolve();
        };
        call('stream', { count }).catch(reject);
      });
    },
    pids: [transport.pid],
    close: () => client.close(),
  };
}
