import { Socket } from 'node:net';

const readable = new Socket({ fd: 3, readable: true, writable: false });
const writable = new Socket({ fd: 4, readable: false, writable: true });
readable.on('data', ([a, b]) => writable.write(Buffer.of(a + b)));
