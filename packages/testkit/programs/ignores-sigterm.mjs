// Never answers Quit, stays when descriptor 3 ends, and ignores SIGTERM. Only SIGKILL ends it.
import process from 'node:process';
import { startPlugin } from './base.mjs';
process.on('SIGTERM', () => {});
setInterval(() => {}, 60_000);
startPlugin({ control: { Quit() {} }, onEnd() {} });
