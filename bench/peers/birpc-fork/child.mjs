import { birpcChild } from '../support/birpc.mjs';

birpcChild(
  { post: (message) => process.send(message), on: (receive) => process.on('message', receive) },
  { bytesAsText: true },
);
