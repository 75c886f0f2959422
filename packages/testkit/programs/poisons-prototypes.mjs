// Answers with a map whose keys are `__proto__`, `constructor` and `then`.
import { startPlugin } from './base.mjs';
const poison = new Map([
  ['__proto__', new Map([['polluted', true]])],
  ['constructor', new Map([['prototype', new Map([['polluted', true]])]])],
  ['then', 'a string'],
]);
startPlugin({ anyMethod: (_peer, _params, answer) => answer(null, poison) });
