// At each call, asks its host 1,000 times for a service (`files`, or the program's argument), and opens none
// of the services that it gets. Then answers the call.
import process from 'node:process';
import { startPlugin } from './base.mjs';

const name = process.argv[2] ?? 'files';
startPlugin({
  anyMethod(peer, params, answer) {
    const ask = peer.dial(0);
    ask(...Array.from({ length: 1_000 }, (_, n) => [0, n, 'Host.Dispense', [name]]));
    answer(null, params[0]);
  },
});
