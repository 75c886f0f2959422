// Answers every call twice, with different results.
import { startPlugin } from './base.mjs';
startPlugin({
  anyMethod(_peer, _params, answer) {
    answer(null, 'first');
    answer(null, 'second');
  },
});
