// Node alone: what every first host pays.
import { report } from './report.mjs';

report(3);
