// Does nothing, and so measures the start and the end of Node. Every other program in this folder needs this
// time, too.
import { report } from './report.mjs';

report(3);
