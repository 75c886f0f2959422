// A call blocks the plugin's only thread for as many milliseconds as the program's argument says, or without
// end if there is no argument.
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
