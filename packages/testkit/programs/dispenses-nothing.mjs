// Answers Dispense with a broker id that it never listens for.
import { startPlugin } from './base.mjs';
startPlugin({ control: { Dispense: (_peer, _params, answer) => answer(null, 4711) } });
