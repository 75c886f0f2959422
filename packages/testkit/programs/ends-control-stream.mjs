// Finishes the control stream instead of answering Ping or Dispense.
import { startPlugin } from './base.mjs';
const finish = (_peer, _params, _answer, stream) => stream.finish();
startPlugin({ control: { Dispense: finish, Ping: finish } });
