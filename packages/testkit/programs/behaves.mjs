// The control program. It behaves as docs/protocol.md requires. If a test fails with this program too, the
// fault is in the kit.
import { startPlugin } from './base.mjs';

// A terminal and service managers signal host and plugin alike, and the host decides what happens. The plugin
// waits for at most ten seconds, or until a second SIGTERM.
let terms = 0;
const leave = () => process.exit();
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
process.on('SIGTERM', () => (++terms > 1 ? leave() : setTimeout(leave, 10_000).unref()));
startPlugin({ names: ['conformance'] });
