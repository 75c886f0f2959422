// Fails every call with an error that is neither a string nor a map: a number.
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod: (_peer, _params, answer) => answer(42, null) });
