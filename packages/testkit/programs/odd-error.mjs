// Fails every call with a number as the error, which should be a string or a map.
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod: (_peer, _params, answer) => answer(42, null) });
