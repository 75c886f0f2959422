// Never answers Quit, and continues to run after the end of descriptor 3. SIGTERM ends it.
import { startPlugin } from './base.mjs';
setInterval(() => {}, 60_000);
startPlugin({ control: { Quit() {} }, onEnd() {} });
