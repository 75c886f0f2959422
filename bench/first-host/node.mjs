// Node alone, whose start and end every first host pays for.
import { report } from './report.mjs';

report(3);
