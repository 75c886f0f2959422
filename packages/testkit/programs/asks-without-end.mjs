// At each call, asks its host for a service (`files`, or the program's argument) without end, and opens each
// service that it gets. Meanwhile it answers the call.
import process from 'node:process';
import { startPlugin } from './base.mjs';

const name = process.argv[2] ?? 'files';
startPlugin({
  anyMethod(peer, params, answer) {
    let next = 0;
    const ask = peer.dial(0, ([, , error, brokerId]) => {
      if (error === null) peer.dial(brokerId);
      // The plugin asks again on a later turn, so that the host's answers set the pace.
      setImmediate(() => ask([0, next++, 'Host.Dispense', [name]]));
    });
    ask(...Array.from({ length: 100 }, () => [0, next++, 'Host.Dispense', [name]]));
    answer(null, params[0]);
  },
});
