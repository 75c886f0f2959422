// A plugin that ends before it serves.
import '@pipework/core/plugin';
import { report } from './report.mjs';

report(3);
