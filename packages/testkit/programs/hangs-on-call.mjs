// Never answers a call; pings, Quit and the rest work.
import { startPlugin } from './base.mjs';
startPlugin({ anyMethod() {} });
