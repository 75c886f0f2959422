import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { end, pathOf } from '../support/processes.mjs';
import { Bench, unlimited } from './definition.mjs';

export const missing = {
  callbacks: 'a server cannot call its client; a user would have to build this from a bidirectional stream',
};

export async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-bench-'));
  const address = `unix:${join(folder, 'grpc.sock')}`;
  const child = spawn(process.execPath, [pathOf('./child.mjs', import.meta.url), address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data'); // the child prints once it listens
  const client = new Bench(address, grpc.credentials.createInsecure(), unlimited);
  const call = (method, request) =>
    new Promise((resolve, reject) => {
      client[method](request, (error, reply) => (error ? reject(error) : resolve(reply)));
    });
  return {
    add: async (a, b) => (await call('add', { a, b })).value,
    records: async (list) => (await call('records', { list })).list,
    bytes: async (value) => (await call('bytes', { value })).value,
    stream: (count, listener) =>
      new Promise((resolve, reject) => {
        client.stream({ count }).on('data', listener).on('end', resolve).on('error', reject);
      }),
    byteStreams: async (count, chunks) => {
      const read = async () => {
        let bytes = 0;
        for await (const { value } of client.chunks({ count: chunks })) bytes += value.length;
        return bytes;
      };
      const sizes = await Promise.all(Array.from({ length: count }, read));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    pids: [child.pid],
    close: async () => {
      client.close();
      await end(child, () => child.kill());
      rmSync(folder, { recursive: true });
    },
  };
}
