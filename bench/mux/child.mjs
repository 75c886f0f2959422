// node child.mjs CANDIDATE: the child of parent.mjs. It runs the same mux as its parent, on descriptors 3 and
// 4.
import net from 'node:net';
import { candidates } from '../lib/muxes.mjs';
import { serveStream } from './works.mjs';

const [name] = process.argv.slice(2);
process.on('uncaughtException', (error) => {
  console.error(`  (${name}, its child) ${error.message}`);
  process.exit(1);
});
const readable = new net.Socket({ fd: 3, readable: true, writable: false });
const writable = new net.Socket({ fd: 4, readable: false, writable: true });
const mux = await candidates[name]('server', readable, writable);
mux.onStream(serveStream);
readable.on('close', () => process.exit(0));
