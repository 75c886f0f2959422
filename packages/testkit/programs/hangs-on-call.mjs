// Never answers a call. Answers Ping, Quit and Dispense.
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod() {} });
