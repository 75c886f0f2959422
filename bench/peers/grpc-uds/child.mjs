import { once } from 'node:events';
import grpc from '@grpc/grpc-js';
import * as service from '../../lib/service.mjs';
import { CHUNK_BYTES, item, makeBytes } from '../../lib/values.mjs';
import { Bench, unlimited } from './definition.mjs';

const server = new grpc.Server(unlimited);
server.addService(Bench.service, {
  add: ({ request }, reply) => reply(null, { value: service.add(request.a, request.b) }),
  records: ({ request }, reply) => reply(null, { list: service.records(request.list) }),
  bytes: ({ request }, reply) => reply(null, { value: service.bytes(request.value) }),
  stream: (call) => void stream(call),
  chunks: (call) => void sendChunks(call),
});
server.bindAsync(process.argv[2], grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  process.stdout.write('listening\n');
});

async function stream(call) {
  for (let i = 0; i < call.request.count; i++) {
    if (!call.write(item(i))) await once(call, 'drain');
  }
  call.end();
}

async function sendChunks(call) {
  const value = makeBytes(CHUNK_BYTES);
  for (let i = 0; i < call.request.count; i++) {
    if (!call.write({ value })) await once(call, 'drain');
  }
  call.end();
}
