// Takes no stream: nothing is ever acknowledged or answered.
import { startPlugin } from './base.mjs';
const deaf = { Ping() {}, Quit() {}, Dispense() {} };
startPlugin({ accept() {}, control: deaf });
