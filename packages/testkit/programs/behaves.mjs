// The control program, which behaves as docs/protocol.md requires. If a test fails with this program too, the
// fault is in the testkit.
import { startPlugin } from './base.mjs';

// A terminal and a service manager send signals to host and plugin alike, and the host decides when the
// plugin ends. So the plugin ignores SIGINT and SIGHUP. After a SIGTERM, the plugin gives the host ten
// seconds to end it, and after a second SIGTERM it exits immediately.
let terms = 0;
const leave = () => process.exit();
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
process.on('SIGTERM', () => (++terms > 1 ? leave() : setTimeout(leave, 10_000).unref()));
startPlugin({ names: ['conformance'] });
