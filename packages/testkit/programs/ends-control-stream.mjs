// Finishes the control stream in place of the first answer on it.
import { startPlugin } from './base.mjs';
const finish = (_peer, _params, _answer, stream) => stream.finish();
startPlugin({ control: { Dispense: finish, Ping: finish } });
