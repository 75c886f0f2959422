// Never answers a call. Pings, Quit and the rest work.
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod() {} });
