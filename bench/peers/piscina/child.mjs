import * as service from '../../lib/service.mjs';

export const add = ([a, b]) => service.add(a, b);
export const { records, bytes } = service;
