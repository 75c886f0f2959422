// A call blocks its only thread for as many milliseconds as its argument tells (without end if there is none).
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
