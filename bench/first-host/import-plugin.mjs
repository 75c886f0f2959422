// Imports the plugin's side of pipework, and ends without serving.
import '@pipework/core/plugin';
import { report } from './report.mjs';

report(3);
