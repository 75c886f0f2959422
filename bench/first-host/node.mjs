// Starts and ends Node alone. Every other program of this folder includes this time.
import { report } from './report.mjs';

report(3);
