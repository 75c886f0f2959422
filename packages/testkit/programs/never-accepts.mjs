// Accepts no stream. It never acknowledges or answers anything.
import { startPlugin } from './base.mjs';
const deaf = { Ping() {}, Quit() {}, Dispense() {} };
startPlugin({ accept() {}, control: deaf });
