// The control: behaves as PROTOCOL asks, so that a failing test can be told from a failing kit.
import { startPlugin } from './base.mjs';
startPlugin({ names: ['conformance'] });
