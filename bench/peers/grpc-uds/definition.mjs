// Loads the definition of the service, service.proto, at run time. The documentation of grpc-js does the
// same.
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { pathOf } from '../support/processes.mjs';

export const { Bench } = grpc.loadPackageDefinition(loadSync(pathOf('./service.proto', import.meta.url)));

/** Without these options, grpc-js limits a message to 4 MiB. */
export const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
