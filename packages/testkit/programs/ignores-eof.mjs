// Never answers Quit and stays when descriptor 3 ends. SIGTERM ends it.
import { startPlugin } from './base.mjs';
setInterval(() => {}, 60_000);
startPlugin({ control: { Quit() {} }, onEnd() {} });
