import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';
import * as service from '../../lib/service.mjs';
import { fromText, toText } from '../support/messages.mjs';

const server = new McpServer({ name: 'bench', version: '1.0.0' }, { capabilities: { logging: {} } });
const tool = (name, inputSchema, run) =>
  server.registerTool(name, { inputSchema }, async (args) => ({
    content: [],
    structuredContent: { value: await run(args) },
  }));
tool('add', { a: z.number(), b: z.number() }, ({ a, b }) => service.add(a, b));
tool('records', { list: z.array(z.any()) }, ({ list }) => service.records(list));
tool('bytes', { text: z.string() }, ({ text }) => toText(service.bytes(fromText(text))));
tool('stream', { count: z.number() }, async ({ count }) => {
  await service.produce(count, (data) => void server.server.sendLoggingMessage({ level: 'info', data }));
  return count;
});
process.stdin.on('end', () => process.exit());
await server.connect(new StdioServerTransport());
