// The service in the form of grpc-js, loaded at run time as its documentation shows.
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { pathOf } from '../support/processes.mjs';

export const { Bench } = grpc.loadPackageDefinition(loadSync(pathOf('./service.proto', import.meta.url)));

/** Without this, its limit is 4 MiB a message. */
export const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
