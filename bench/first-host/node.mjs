// Does nothing but start and end Node. This cost is part of every other program in this folder.
import { report } from './report.mjs';

report(3);
