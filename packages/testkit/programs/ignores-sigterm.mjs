// Never answers Quit, continues to run after the end of descriptor 3, and ignores SIGTERM. Only SIGKILL ends
// it.
import process from 'node:process';
import { startPlugin } from './base.mjs';
process.on('SIGTERM', () => {});
setInterval(() => {}, 60_000);
startPlugin({ control: { Quit() {} }, onEnd() {} });
