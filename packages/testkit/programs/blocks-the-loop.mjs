// At each call, blocks its only thread for as many milliseconds as the program's argument says. Without an
// argument, blocks the thread without end.
import process from 'node:process';
import { startPlugin } from './base.mjs';
const until = Number(process.argv[2] ?? Infinity);
startPlugin({
  anyMethod(_peer, _params, answer) {
    const started = performance.now();
    while (performance.now() - started < until);
    answer(null, null);
  },
});
