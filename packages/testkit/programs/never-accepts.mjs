// Acknowledges no stream, and answers no call, not even Ping, Quit or Dispense.
import { startPlugin } from './base.mjs';
const deaf = { Ping() {}, Quit() {}, Dispense() {} };
startPlugin({ accept() {}, control: deaf });
