import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { fromText, toText } from '../support/messages.mjs';
import { pathOf } from '../support/processes.mjs';

export const missing = {
  callbacks: 'a server asks its client only for what the protocol names (sampling, roots, elicitation)',
  'binary-64m': 'its reader takes 10 MiB at most and closes the connection',
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
      // Notifications are handled a microtask after they arrive, so wait for all of them, not only for the
      // result.
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
