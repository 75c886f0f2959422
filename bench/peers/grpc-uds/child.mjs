import { once } from 'node:events';
import grpc from '@grpc/grpc-js';
import * as service from '../../lib/service.mjs';
import { item } from '../../lib/values.mjs';
import { Bench, unlimited } from './definition.mjs';

const server = new grpc.Server(unlimited);
server.addService(Bench.service, {
  add: ({ request }, reply) => reply(null, { value: service.add(request.a, request.b) }),
  records: ({ request }, reply) => reply(null, { list: service.records(request.list) }),
  bytes: ({ request }, reply) => reply(null, { value: service.bytes(request.value) }),
  stream: (call) => void stream(call),
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
