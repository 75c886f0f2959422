// At each call, begins to ask its host for a service (`files`, or the program's argument) without end. Opens
// each service that it gets. Answers the call immediately.
import process from 'node:process';
import { startPlugin } from './base.mjs';

const name = process.argv[2] ?? 'files';
startPlugin({
  anyMethod(peer, params, answer) {
    let next = 0;
    const ask = peer.dial(0, ([, , error, brokerId]) => {
      if (error === null) peer.dial(brokerId);
      // Each answer of the host causes one more request, on a later turn. So the host decides by its answers
      // how fast the requests come.
      setImmediate(() => ask([0, next++, 'Host.Dispense', [name]]));
    });
    ask(...Array.from({ length: 100 }, () => [0, next++, 'Host.Dispense', [name]]));
    answer(null, params[0]);
  },
});
