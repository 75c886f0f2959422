// Never answers Quit; leaves when descriptor 3 ends.
import { startPlugin } from './base.mjs';
startPlugin({ control: { Quit() {} } });
