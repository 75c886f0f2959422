// Only starts and ends Node, which every other program of this folder also does.
import { report } from './report.mjs';

report(3);
