// The control: behaves as PROTOCOL asks, so that a failing test can be told from a failing kit.
import { startPlugin } from './base.mjs';

// A terminal and service managers signal host and plugin alike: the host decides. Ten seconds, and a second SIGTERM, are the bounds.
let terms = 0;
const leave = () => process.exit();
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
process.on('SIGTERM', () => (++terms > 1 ? leave() : setTimeout(leave, 10_000).unref()));
startPlugin({ names: ['conformance'] });
